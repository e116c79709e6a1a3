/** What pods run as and what tokens they are given: never as one of our accounts, never with a token for us. */
import { isManagedName, TENANT_ACCOUNT } from '../../native/managed.ts';
import { serviceAccountsOf } from '../../native/pod-references.ts';
import { placesAt, type PodDescription } from '../../native/pods.ts';
import { isReservedAudience, MAX_TOKEN_SECONDS } from '../../native/tokens.ts';
import type { Violation } from '../rule.ts';
import { forbid } from './native-rule.ts';
import { podRule } from './pod-rule.ts';

export const podIdentity = podRule('pod-identity', (pod) => [...accounts(pod), ...tokens(pod)]);

function accounts(pod: PodDescription): readonly Violation[] {
  const named = serviceAccountsOf(pod.spec);
  const [first, second] = named;
  const disagree =
    first !== undefined && second !== undefined && first.name !== second.name
      ? [
          forbid(
            'SA_NOT_GRANTED',
            `${pod.path}spec.${second.path}`,
            'serviceAccount and serviceAccountName differ',
          ),
        ]
      : [];
  const ours = named
    .filter(({ name }) => isManagedName(name) && name !== TENANT_ACCOUNT)
    .map(({ path, name }) =>
      forbid(
        'SA_NOT_GRANTED',
        `${pod.path}spec.${path}`,
        `ServiceAccount ${JSON.stringify(name)} belongs to Polder; run as "${TENANT_ACCOUNT}" or an account of your own`,
      ),
    );
  return [...disagree, ...ours];
}

const TOKEN = 'volumes[].projected.sources[].serviceAccountToken';

function tokens({ path, spec }: PodDescription): readonly Violation[] {
  const audiences = placesAt(spec, `${TOKEN}.audience`)
    .filter(({ value }) => typeof value === 'string' && isReservedAudience(value))
    .map((place) =>
      forbid(
        'SA_NOT_GRANTED',
        `${path}spec.${place.path}`,
        `tokens for ${JSON.stringify(place.value)} are not given to pods`,
      ),
    );
  const lifetimes = placesAt(spec, `${TOKEN}.expirationSeconds`)
    .filter(({ value }) => typeof value === 'number' && value > MAX_TOKEN_SECONDS)
    .map((place) =>
      forbid(
        'SA_NOT_GRANTED',
        `${path}spec.${place.path}`,
        `tokens of pods live at most ${MAX_TOKEN_SECONDS} seconds`,
      ),
    );
  return [...audiences, ...lifetimes];
}
