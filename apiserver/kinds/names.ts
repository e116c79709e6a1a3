/** Names and the fields that hold them: patterns of RFC 1123 and the string nodes that refer to other objects. */
import { str, type Node } from '../api/schema.ts';

/** source: apimachinery validation.IsDNS1123Label. */
export const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
/** source: apimachinery validation.IsDNS1123Subdomain. */
export const DNS_SUBDOMAIN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
const MAX_SUBDOMAIN = 253;
const MAX_LABEL = 63;
/** `tn-` and `tenant-` are put in front, and a namespace has 63 characters at most. */
export const MAX_TENANT_NAME = MAX_LABEL - 'tn-'.length;
export const MAX_SLUG = MAX_LABEL - 'tenant-'.length;

/** The name of another object, of a kind that the description names. */
export const objectName = (description: string): Node<string> =>
  str(description, { minLength: 1, maxLength: MAX_SUBDOMAIN, pattern: DNS_SUBDOMAIN });

export const tenantName = (description: string): Node<string> =>
  str(description, { minLength: 1, maxLength: MAX_TENANT_NAME, pattern: DNS_LABEL });

/** A short identifier inside one object, such as a resource or a port. */
export const identifier = (description: string): Node<string> =>
  str(description, { minLength: 1, maxLength: MAX_LABEL, pattern: DNS_LABEL });

/** Human text of one or a few lines. */
export const prose = (description: string, maxLength = 1024): Node<string> => str(description, { maxLength });
