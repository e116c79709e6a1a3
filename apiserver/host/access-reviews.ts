/** Puts access questions to the host cluster. source: authorization.k8s.io/v1 SubjectAccessReview. */
import { ApiError } from '../api/errors.ts';
import type { Attributes, Decision, SelectorRequirement, UserInfo } from '../api/identity.ts';
import { at } from '../api/json.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import type { Log } from '../runtime/log.ts';
import { ask, type AskDeps } from './ask.ts';

interface Review {
  readonly metadata: Readonly<Record<string, never>>;
  readonly spec: object;
  readonly status?: object;
}
/** Selectors are newer than the kind we serve ourselves, so the review is written out. */
const REVIEWS: Resource<Review> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
};

export interface AccessReviewDeps extends AskDeps {
  readonly client: Pick<Client, 'create'>;
  readonly log: Log;
}

/** Rejects with `ApiError` InternalError, or TooManyRequests, when there is no answer: nobody gets in because the host is away. */
export function createAccessReviews(
  deps: AccessReviewDeps,
): (user: UserInfo, attributes: Attributes) => Promise<Decision> {
  return async (user, attributes) => {
    const spec = specOf(user, attributes);
    let review: Review;
    try {
      review = await ask(deps, (signal) => deps.client.create(REVIEWS, { metadata: {}, spec }, { signal }));
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'TooManyRequests') throw error;
      deps.log.error('the host cluster does not answer access reviews', { error });
      throw new ApiError('InternalError', 'Internal error occurred: access could not be decided', {
        cause: error,
      });
    }
    const problem = text(review.status, 'evaluationError');
    if (problem !== '') deps.log.debug('access review is incomplete', { problem });
    const allowed = at(review.status, 'allowed') === true && at(review.status, 'denied') !== true;
    return { allowed, reason: text(review.status, 'reason'), policies: [] };
  };
}

function specOf(user: UserInfo, attributes: Attributes): object {
  const { name, uid, groups, extra } = user;
  return {
    user: name,
    groups,
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
    ...(attributes.is === 'path'
      ? { nonResourceAttributes: { path: attributes.path, verb: attributes.verb } }
      : { resourceAttributes: resourceOf(attributes) }),
  };
}

function resourceOf(attributes: Attributes & { readonly is: 'resource' }): object {
  const { verb, group, version, resource, subresource, namespace, name, selectors } = attributes;
  return {
    verb,
    group,
    version,
    resource,
    ...(subresource === '' ? {} : { subresource }),
    ...(namespace === '' ? {} : { namespace }),
    ...(name === '' ? {} : { name }),
    ...selector('fieldSelector', selectors?.fields),
    ...selector('labelSelector', selectors?.labels),
  };
}

function selector(
  field: 'fieldSelector' | 'labelSelector',
  requirements: readonly SelectorRequirement[] = [],
): object {
  return requirements.length === 0 ? {} : { [field]: { requirements } };
}

function text(value: unknown, path: string): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}
