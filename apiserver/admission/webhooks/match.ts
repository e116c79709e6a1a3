/** Whether a webhook is asked about a write. source: apiserver pkg/admission/plugin/webhook/generic and predicates. */
import type { AdmissionRequest } from '../../api/admission.ts';
import { forbidden, notFound, type ApiError } from '../../api/errors.ts';
import { at, isObject, type JsonObject } from '../../api/json.ts';
import { Namespace } from '../../kinds/native/namespace.ts';
import type { Hook, Labels, Rule } from './hook.ts';
import { requestFacts } from './review.ts';

/** The namespace's labels; undefined: there is no such namespace. May have to ask for it. */
export type NamespaceLabels = (name: string) => Labels | undefined | Promise<Labels | undefined>;

/** A request about no object (DELETE) has none as `object`. Throws the refusal when a condition cannot be evaluated. */
export async function isAsked(
  hook: Hook,
  request: AdmissionRequest,
  labels: NamespaceLabels,
): Promise<boolean> {
  if (!hook.rules.some((rule) => matchesRule(rule, request))) return false;
  if (!matchesObject(hook, request)) return false;
  if (!(await matchesNamespace(hook, request, labels))) return false;
  return meetsConditions(hook, request);
}

const isNamespace = ({ kind }: AdmissionRequest): boolean =>
  kind.group === '' && kind.plural === 'namespaces';

const matches = (items: readonly string[], wanted: string): boolean =>
  items.includes('*') || items.includes(wanted);

export function matchesRule(rule: Rule, request: AdmissionRequest): boolean {
  const { kind, operation, subresource } = request;
  return (
    matches(rule.operations, operation) &&
    matches(rule.apiGroups, kind.group) &&
    matches(rule.apiVersions, kind.version) &&
    (rule.scope === '*' || rule.scope === kind.scope) &&
    rule.resources.some((resource) => matchesResource(resource, kind.plural, subresource))
  );
}

function matchesResource(wanted: string, plural: string, subresource: string): boolean {
  const [resource = '', below = ''] = wanted.split('/', 2);
  return (resource === '*' || resource === plural) && (below === '*' || below === subresource);
}

/** Old or new: taking a label off must be seen by those who look for it. */
function matchesObject({ objectSelector }: Hook, { object, oldObject }: AdmissionRequest): boolean {
  if (objectSelector === undefined) return true;
  return [object, oldObject].some((each) => each !== undefined && objectSelector(labelsOf(each)));
}

async function matchesNamespace(
  { namespaceSelector }: Hook,
  request: AdmissionRequest,
  labels: NamespaceLabels,
): Promise<boolean> {
  const { namespace, name, operation, subresource, object } = request;
  // A cluster-scoped object is never left out by a selector of namespaces, unless it is one itself.
  if (namespaceSelector === undefined || (namespace === '' && !isNamespace(request))) return true;
  if (isNamespace(request)) {
    const isNew = subresource === '' && operation !== 'DELETE';
    return namespaceSelector((isNew ? labelsOf(object) : await labels(name)) ?? {});
  }
  const found = await labels(namespace);
  if (found === undefined) throw notFound(Namespace, namespace);
  return namespaceSelector(found);
}

function labelsOf(object: JsonObject | undefined): Labels {
  const labels = at(object, 'metadata.labels');
  return isObject(labels) ? labels : {};
}

/** Throws 403 where kube-apiserver does: a condition that failed, and a webhook that must not be left out. */
function meetsConditions(hook: Hook, request: AdmissionRequest): boolean {
  if (hook.conditions === undefined) return true;
  const match = hook.conditions.evaluate({
    object: request.object ?? null,
    oldObject: request.oldObject ?? null,
    request: requestFacts(request),
  });
  if ('holds' in match) return match.holds;
  if (hook.failurePolicy === 'Ignore') return false;
  throw refused(hook, request, match.error);
}

const refused = (hook: Hook, { kind, name }: AdmissionRequest, why: string): ApiError =>
  forbidden(kind, name, `admission webhook ${JSON.stringify(hook.name)} was not asked: ${why}`);
