/**
 * Gives a pod what it asks for by annotation: references to the Secrets behind Credentials, as environment variables
 * and as a volume, in every container. Values never appear; connection settings of a Depot are no secrets.
 */
import { at, isObject, type Json, type JsonObject } from '../../api/json.ts';
import { CREDENTIAL_KEYS, type Credential } from '../../kinds/credential.ts';
import { claimsOf, prefixOf, resolveClaim, type ResolvedClaim } from '../native/claims.ts';
import { credentialSecretName, credentialVolumeName } from '../native/managed.ts';
import { podOf } from '../native/pods.ts';
import { resourceOf } from '../native/resource.ts';
import type { Mutation } from './mutation.ts';

/** Each Credential is a directory of files below it, named like the Credential. */
export const CREDENTIALS_PATH = '/var/run/polder/credentials';

export const injection: Mutation = {
  name: 'injection',
  apply: (object, request, { engine, lookup }) => {
    if (request.operation !== 'CREATE' || resourceOf(request) !== 'core/pods') return object;
    const pod = podOf(request.kind, object);
    const tenant = engine.tenantOf(request.namespace);
    if (pod === undefined || tenant === undefined) return object;
    const parsed = claimsOf(pod.metadata);
    if ('problem' in parsed || parsed.claims.length === 0) return object;
    const resolved = parsed.claims
      .map((claim) => resolveClaim(claim, tenant, lookup))
      .filter((each): each is ResolvedClaim => !('missing' in each));
    const spec = injected(pod.spec, partsOf(resolved));
    return spec === pod.spec ? object : { ...object, spec };
  },
};

/** What is added to a pod; items are known by their names. */
interface Parts {
  readonly env: readonly Named[];
  readonly volumes: readonly Named[];
  readonly mounts: readonly Named[];
}
type Named = JsonObject & { readonly name: string };

function partsOf(resolved: readonly ResolvedClaim[]): Parts {
  const names = new Set(
    resolved.flatMap(({ credential }) => (credential === undefined ? [] : [credential.name])),
  );
  return {
    env: distinct(resolved.flatMap(environment)),
    volumes: [...names].map((name) => ({
      name: credentialVolumeName(name),
      secret: { secretName: credentialSecretName(name), defaultMode: 0o440 },
    })),
    mounts: [...names].map((name) => ({
      name: credentialVolumeName(name),
      mountPath: `${CREDENTIALS_PATH}/${name}`,
      readOnly: true,
    })),
  };
}

function environment({ claim, credential, depot }: ResolvedClaim): readonly Named[] {
  const settings = at(depot, 'spec.connection');
  const plain = Object.entries(isObject(settings) ? settings : {}).flatMap(([key, value]) =>
    typeof value === 'string' ? [{ name: `${claim.as}_${prefixOf(key)}`, value }] : [],
  );
  if (credential === undefined) return plain;
  const secret = credentialSecretName(credential.name);
  const references = keysOf(credential.object).map((key) => ({
    name: `${claim.as}_${prefixOf(key)}`,
    valueFrom: { secretKeyRef: { name: secret, key } },
  }));
  return [...plain, ...references];
}

/** Names of the values a Credential holds: as reported, as declared, or at least those its type must have. */
function keysOf(credential: JsonObject): readonly string[] {
  const type = at(credential, 'spec.type') as Credential['spec']['type'];
  const known = [
    names(at(credential, 'status.keys')),
    names(at(credential, 'spec.remoteRef.keys')),
    generated(at(credential, 'spec.generator.keys')),
    Object.hasOwn(CREDENTIAL_KEYS, type) ? CREDENTIAL_KEYS[type] : [],
  ];
  return known.find((keys) => keys.length > 0) ?? [];
}

const names = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
const generated = (value: unknown): readonly string[] =>
  Array.isArray(value) ? names(value.map((each: unknown) => at(each, 'name'))) : [];

function injected(spec: JsonObject, parts: Parts): JsonObject {
  const next: JsonObject = { ...spec };
  for (const list of ['containers', 'initContainers']) {
    const containers = spec[list];
    if (Array.isArray(containers)) next[list] = each(containers, (container) => withParts(container, parts));
  }
  next['volumes'] = merged(spec['volumes'], parts.volumes);
  const isSame = Object.keys(next).every((key) => next[key] === spec[key]);
  return isSame ? spec : next;
}

/** The same list when no item changed. */
function each(list: readonly Json[], change: (item: JsonObject) => JsonObject): readonly Json[] {
  const changed = list.map((item) => (isObject(item) ? change(item) : item));
  return changed.some((item, index) => item !== list[index]) ? changed : list;
}

function withParts(container: JsonObject, parts: Parts): JsonObject {
  const env = merged(container['env'], parts.env);
  const volumeMounts = merged(container['volumeMounts'], parts.mounts);
  const isSame = env === container['env'] && volumeMounts === container['volumeMounts'];
  return isSame ? container : { ...container, env, volumeMounts };
}

/** What is there under the same name stays: the author may override, and a second pass adds nothing. */
function merged(list: Json | undefined, added: readonly Named[]): Json {
  const items = Array.isArray(list) ? list : [];
  const known = new Set(items.map((item: Json) => at(item, 'name')));
  const missing = added.filter(({ name }) => !known.has(name));
  return missing.length === 0 && list !== undefined ? list : [...items, ...missing];
}

function distinct(items: readonly Named[]): readonly Named[] {
  return [...new Map(items.map((item) => [item.name, item])).values()];
}
