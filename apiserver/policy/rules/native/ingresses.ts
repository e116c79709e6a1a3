/** Ingresses of a tenant answer for names of their own, and do not reach into the controller that serves them. */
import { at, isObject } from '../../../api/json.ts';
import { catchesAll, hostsOf, takenByOthers, type NamedHost } from '../../native/hosts.ts';
import { hostPatterns } from '../../native/host-annotations.ts';
import { isManagedName } from '../../native/managed.ts';
import { placesAt } from '../../native/pods.ts';
import type { Rule, Violation } from '../rule.ts';
import { forbid, nativeRule, type NativeSubject } from './native-rule.ts';

export const ingresses: Rule = nativeRule('ingresses', ['networking.k8s.io/ingresses'], (subject) => {
  const hosts = hostsOf(subject.object);
  if (hosts.length > MAX_HOSTS) return [tooMany(hosts.length)];
  return [
    ...everything(subject),
    ...taken(hosts, subject),
    ...patterns(subject),
    ...certificates(subject),
    ...annotations(subject),
  ];
});

/** In rules and for certificates. Each is looked up among those of all other tenants, in everybody's time. */
const MAX_HOSTS = 1_000;

function tooMany(count: number): Violation {
  const [named, limit] = [count, MAX_HOSTS].map((each) => each.toLocaleString('en'));
  return forbid(
    'TOO_LARGE',
    'spec',
    `names ${named} hosts; at most ${limit} are decided on, spread them over several`,
  );
}

const everything = ({ object }: NativeSubject): readonly Violation[] =>
  catchesAll(object).map((path) =>
    forbid(
      'HOST_NOT_OWNED',
      path,
      'an Ingress of a tenant names its hosts; one for every name is for operators',
    ),
  );

function taken(hosts: readonly NamedHost[], { context, tenant }: NativeSubject): readonly Violation[] {
  if (hosts.length === 0) return [];
  const isTaken = takenByOthers(tenant.uid, context.engine, context.lookup);
  return hosts
    .filter(({ host }) => host === '' || isTaken(host))
    .map(({ path }) => forbid('HOST_NOT_OWNED', path, 'this host is not available to this tenant'));
}

const patterns = ({ object }: NativeSubject): readonly Violation[] =>
  hostPatterns(object).map((path) =>
    forbid('HOST_NOT_OWNED', path, 'hosts are named one by one, in rules; a pattern is for operators'),
  );

const certificates = ({ object }: NativeSubject): readonly Violation[] =>
  placesAt(object, 'spec.tls[].secretName')
    .filter(({ value }) => typeof value === 'string' && isManagedName(value))
    .map(({ path }) =>
      forbid('CRED_NOT_GRANTED', path, 'a Secret that holds a Credential is not served as a certificate'),
    );

/** source: CVE-2021-25742: text that ends up in the configuration of the controller. */
const SNIPPET = /-snippets?$/;
/** `namespace/name` of a Secret, or of a ConfigMap with headers and parameters. */
const REFERENCE =
  /(^|[/-])(auth-secret|auth-tls-secret|proxy-ssl-secret|secret|set-headers|custom-headers|configmap)$/;

function annotations({ object, context, tenant }: NativeSubject): readonly Violation[] {
  const found = at(object, 'metadata.annotations');
  return Object.entries(isObject(found) ? found : {}).flatMap(([key, value]) => {
    const field = `metadata.annotations[${key}]`;
    if (SNIPPET.test(key)) {
      return [forbid('RESERVED_METADATA', field, 'configuration of the ingress controller is for operators')];
    }
    const [namespace, name] = typeof value === 'string' && REFERENCE.test(key) ? value.split('/') : [];
    if (namespace === undefined || name === undefined) return [];
    if (context.engine.tenantOf(namespace)?.uid === tenant.uid && !isManagedName(name)) return [];
    return [forbid('CROSS_TENANT_REF', field, 'what it refers to is not in a namespace of this tenant')];
  });
}
