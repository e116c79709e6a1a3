/** Bounds of service-account tokens in tenant namespaces, whether projected into pods or asked for. */
import { GROUP_SUFFIX } from '../../api/kind.ts';

/** A day: a projected token is renewed long before. */
export const MAX_TOKEN_SECONDS = 86_400;

/** Tokens for Polder itself and for the secret stores behind it are for our own programs. */
export const isReservedAudience = (audience: string): boolean =>
  /^(polder|vault)\b/i.test(audience) ||
  audience.toLowerCase() === GROUP_SUFFIX ||
  audience.toLowerCase().endsWith(`.${GROUP_SUFFIX}`);
