/** The names of what Polder itself keeps in the namespaces of tenants. */
import { createHash } from 'node:crypto';

/** Objects whose name starts like this belong to Polder in every tenant namespace. */
export const MANAGED_PREFIX = 'polder-';
/** What pods of the tenant run as on a plane: the one managed service account that they may name. */
export const TENANT_ACCOUNT = 'polder-tenant';

export const isManagedName = (name: string): boolean => name.startsWith(MANAGED_PREFIX);

const MAX_NAME = 253;
const HASH_LENGTH = 10;

/** Name of the Secret that holds a Credential's values in a namespace of its tenant. */
export function credentialSecretName(credential: string): string {
  const name = `${MANAGED_PREFIX}credential-${credential}`;
  return name.length <= MAX_NAME
    ? name
    : `${name.slice(0, MAX_NAME - HASH_LENGTH - 1)}-${hashOf(credential)}`;
}

const MAX_LABEL = 63;

/** Name of the volume that injection mounts a Credential by: a DNS label, different for different Credentials. */
export function credentialVolumeName(credential: string): string {
  const name = `${MANAGED_PREFIX}cred-${credential}`;
  const isLabel = name.length <= MAX_LABEL && !name.includes('.');
  if (isLabel) return name;
  const readable = name
    .replaceAll('.', '-')
    .slice(0, MAX_LABEL - HASH_LENGTH - 1)
    .replace(/-+$/, '');
  return `${readable}-${hashOf(credential)}`;
}

const hashOf = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
