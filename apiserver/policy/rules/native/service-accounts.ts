/**
 * ServiceAccounts of a tenant: no Secrets of ours behind them, no identity of a cloud that nobody granted, and no
 * tokens of our accounts or for our programs.
 */
import { at, isObject, type JsonObject } from '../../../api/json.ts';
import { isManagedName } from '../../native/managed.ts';
import { placesAt } from '../../native/pods.ts';
import { isReservedAudience, MAX_TOKEN_SECONDS } from '../../native/tokens.ts';
import type { Rule, Violation } from '../rule.ts';
import { forbid, nativeRule, type NativeSubject } from './native-rule.ts';

const ACCOUNTS = 'core/serviceaccounts';

export const serviceAccounts: Rule = nativeRule('service-accounts', [ACCOUNTS], (subject) => [
  ...secretsBehind(subject.object),
  ...cloudIdentities(subject),
]);

export const serviceAccountTokens: Rule = nativeRule(
  'service-account-tokens',
  [`${ACCOUNTS}/token`],
  ({ object, request }) => [...ourAccount(request.name), ...audiences(object), ...lifetime(object)],
);

const secretsBehind = (object: JsonObject): readonly Violation[] =>
  ['secrets[].name', 'imagePullSecrets[].name'].flatMap((field) =>
    placesAt(object, field)
      .filter(({ value }) => typeof value === 'string' && isManagedName(value))
      .map(({ path }) =>
        forbid('CRED_NOT_GRANTED', path, 'a Secret that holds a Credential is not attached to accounts'),
      ),
  );

/** What clouds and secret stores take for an identity. source: the documentation of each. */
const CLOUD_IDENTITIES = [
  /^eks\.amazonaws\.com\//,
  /^iam\.gke\.io\//,
  /^azure\.workload\.identity\//,
  /^vault\.hashicorp\.com\//,
  /^iam\.amazonaws\.com\//,
];

function cloudIdentities({ object, request, context }: NativeSubject): readonly Violation[] {
  const annotations = at(object, 'metadata.annotations');
  const keys = Object.keys(isObject(annotations) ? annotations : {}).filter((key) =>
    CLOUD_IDENTITIES.some((pattern) => pattern.test(key)),
  );
  if (keys.length === 0) return [];
  const decision = context.engine.authorize(request.user, {
    is: 'resource',
    verb: 'impersonate',
    group: '',
    version: 'v1',
    resource: 'serviceaccounts',
    subresource: '',
    namespace: request.namespace,
    name: request.name,
  });
  if (decision.allowed) return [];
  const message = 'the identity of a cloud account is given to accounts of tenants by operators only';
  return keys.map((key) => forbid('IDENTITY_SPOOF', `metadata.annotations[${key}]`, message));
}

const ourAccount = (name: string): readonly Violation[] =>
  isManagedName(name)
    ? [
        forbid(
          'SA_NOT_GRANTED',
          'metadata.name',
          `tokens of ServiceAccount ${JSON.stringify(name)} are for Polder`,
        ),
      ]
    : [];

const audiences = (object: JsonObject): readonly Violation[] =>
  placesAt(object, 'spec.audiences[]')
    .filter(({ value }) => typeof value === 'string' && isReservedAudience(value))
    .map(({ path, value }) =>
      forbid(
        'SA_NOT_GRANTED',
        path,
        `tokens for ${JSON.stringify(value)} are not given to accounts of tenants`,
      ),
    );

const lifetime = (object: JsonObject): readonly Violation[] =>
  placesAt(object, 'spec.expirationSeconds')
    .filter(({ value }) => typeof value === 'number' && value > MAX_TOKEN_SECONDS)
    .map(({ path }) => forbid('SA_NOT_GRANTED', path, `tokens live at most ${MAX_TOKEN_SECONDS} seconds`));
