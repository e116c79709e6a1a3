/** How rules name what a request is about: `core/pods`, `core/pods/ephemeralcontainers`, `apps/deployments`. */
import type { AdmissionRequest } from '../../api/admission.ts';
import { kindOf } from '../actions.ts';

/** Polder's spelling of the group, the plural, and the subresource where one is meant. */
export const resourceOf = ({ kind, subresource }: Pick<AdmissionRequest, 'kind' | 'subresource'>): string =>
  subresource === '' ? kindOf(kind.group, kind.plural) : `${kindOf(kind.group, kind.plural)}/${subresource}`;
