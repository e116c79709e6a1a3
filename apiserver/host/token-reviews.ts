/** Bearer tokens of the host cluster, verified by it. source: authentication.k8s.io/v1 TokenReview. */
import type { UserInfo } from '../api/identity.ts';
import { at, isObject } from '../api/json.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import { TokenUnknownError, type TokenAuthenticator } from '../http/authentication/authenticator.ts';
import { ask, type AskDeps } from './ask.ts';

interface Review {
  readonly metadata: Readonly<Record<string, never>>;
  readonly spec: { readonly token: string };
  readonly status?: object;
}
const REVIEWS: Resource<Review> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  scope: 'Cluster',
};

/** The caller keeps answers; this asks each time. */
export function createTokenReviews(
  deps: AskDeps & { readonly client: Pick<Client, 'create'> },
): TokenAuthenticator {
  return {
    name: 'token reviews',
    authenticate: async (token) => {
      let review: Review;
      try {
        review = await ask(deps, (signal) =>
          deps.client.create(REVIEWS, { metadata: {}, spec: { token } }, { signal }),
        );
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new TokenUnknownError(why);
      }
      const { status } = review;
      if (at(status, 'authenticated') !== true) {
        throw new Error(text(at(status, 'error')) || 'the host cluster does not know the token');
      }
      return { user: userOf(at(status, 'user')) };
    },
  };
}

/** Throws when the answer names nobody. */
function userOf(value: unknown): UserInfo {
  const name = text(at(value, 'username'));
  if (name === '') throw new Error('the token review names no user');
  const uid = text(at(value, 'uid'));
  const extra = at(value, 'extra');
  return {
    name,
    ...(uid === '' ? {} : { uid }),
    groups: strings(at(value, 'groups')),
    extra: isObject(extra)
      ? Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, strings(values)]))
      : {},
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
