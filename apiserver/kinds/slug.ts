/** The word that names everything of a data cluster on its plane. */
import { createHash } from 'node:crypto';
import { MAX_SLUG } from './names.ts';

/** Namespace of a data cluster on its plane. */
export const targetNamespace = (slug: string): string => `tenant-${slug}`;

/** `<tenant>-<name>`, dots turned into dashes; cut and ended with a hash where it would be too long. */
export function defaultSlug(tenant: string, cluster: string): string {
  const whole = `${tenant}-${cluster.replaceAll('.', '-')}`;
  if (whole.length <= MAX_SLUG && !cluster.includes('.')) return whole;
  // Cutting and replacing lose what told two names apart; the hash keeps them apart.
  const hash = createHash('sha256').update(`${tenant}/${cluster}`).digest('hex').slice(0, 8);
  return `${whole.slice(0, MAX_SLUG - hash.length - 1).replace(/-+$/, '')}-${hash}`;
}
