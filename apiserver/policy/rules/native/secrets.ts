/** Secrets of a tenant hold values, never the identity of an account: tokens come from TokenRequest and expire. */
import type { Rule } from '../rule.ts';
import { forbid, nativeRule } from './native-rule.ts';

const ACCOUNT_TOKEN = 'kubernetes.io/service-account-token';

export const secrets: Rule = nativeRule('secrets', ['core/secrets'], ({ object }) => {
  if (object['type'] !== ACCOUNT_TOKEN) return [];
  const message =
    'a Secret with the token of a ServiceAccount never expires; use "kubectl create token" instead';
  return [forbid('SA_NOT_GRANTED', 'type', message)];
});
