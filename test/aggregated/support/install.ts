/**
 * Polder inside a test control plane: the manifests as they are, but for two things that need nodes. Instead of
 * Deployments there are processes, and the Services lead to this machine instead of pods.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type JsonObject } from '../../../apiserver/api/json.ts';
import { buildManifests, parseObjects } from '../../../hack/manifests-build.ts';
import { findTool } from '../../../hack/tools/find.ts';
import type { Cluster } from '../../support/cluster.ts';
import { ROOT } from '../../support/polder.ts';

export interface Ports {
  readonly apiserver: number;
  readonly webhooks: number;
  readonly hub: number;
}

const OVERLAY = 'manifests/overlays/embedded-sqlite';
/** RBAC lets everybody through to our kinds: the checks are about what Polder itself decides. */
const OPEN_RBAC = ['user-role.yaml', 'binding.yaml'].map((file) => `manifests/components/open-rbac/${file}`);
/** Need nodes, or volumes of them. */
const NOT_HERE = new Set(['Deployment', 'PersistentVolumeClaim', 'PodDisruptionBudget']);

/** The objects to apply before the processes start, and those that need them to answer. */
export async function installation(
  ports: Ports,
): Promise<{ readonly before: readonly JsonObject[]; readonly after: readonly JsonObject[] }> {
  const built = await buildManifests(OVERLAY, findTool('kubectl') ?? 'kubectl');
  const open = OPEN_RBAC.flatMap((file) => parseObjects(readFileSync(join(ROOT, file), 'utf8')));
  const objects = [...built, ...open]
    .filter((object) => !NOT_HERE.has(kindOf(object)))
    .map((object) => here(object, ports));
  const late = (object: JsonObject): boolean => /^APIService$|WebhookConfiguration$/.test(kindOf(object));
  return { before: objects.filter((object) => !late(object)), after: objects.filter(late) };
}

export async function apply(cluster: Cluster, objects: readonly JsonObject[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  await cluster.ok(['apply', '-f', '-'], { input: JSON.stringify(list) });
}

const kindOf = (object: JsonObject): string => String(object['kind']);

function here(object: JsonObject, ports: Ports): JsonObject {
  const spec = isObject(object['spec']) ? object['spec'] : {};
  const { name = '' } = object['metadata'] as { name?: string };
  switch (kindOf(object)) {
    case 'Service':
      return {
        ...object,
        spec: { type: 'ExternalName', externalName: 'localhost', ports: portsOf(name, ports) },
      };
    case 'APIService':
      return { ...object, spec: { ...spec, service: withPort(spec['service'], ports.apiserver) } };
    case 'MutatingWebhookConfiguration':
    case 'ValidatingWebhookConfiguration':
      return { ...object, webhooks: (object['webhooks'] as JsonObject[]).map((hook) => toHere(hook, ports)) };
    default:
      return object;
  }
}

/** Of an ExternalName service the caller's port counts, not this one. */
function portsOf(name: string, ports: Ports): JsonObject[] {
  const port = { polder: ports.apiserver, 'polder-webhooks': ports.webhooks, 'polder-hub': ports.hub }[name];
  return port === undefined ? [] : [{ name: 'https', port }];
}

function toHere(hook: JsonObject, ports: Ports): JsonObject {
  const config = hook['clientConfig'] as JsonObject;
  return { ...hook, clientConfig: { ...config, service: withPort(config['service'], ports.webhooks) } };
}

const withPort = (service: unknown, port: number): JsonObject => ({
  ...(isObject(service) ? (service as JsonObject) : {}),
  port,
});
