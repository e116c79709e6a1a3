/** Ingresses of a tenant answer for names of their own, and do not reach into the controller that serves them. */
import { at, isObject } from '../../../api/json.ts';
import { catchesAll, hostsOf } from '../../native/hosts.ts';
import { hostPatterns } from '../../native/host-annotations.ts';
import { isManagedName } from '../../native/managed.ts';
import { placesAt } from '../../native/pods.ts';
import type { Rule, Violation } from '../rule.ts';
import { MAX_HOSTS, taken, tooMany } from './host-names.ts';
import { forbid, nativeRule, type NativeSubject } from './native-rule.ts';

export const ingresses: Rule = nativeRule('ingresses', ['networking.k8s.io/ingresses'], (subject) => {
  const hosts = hostsOf(subject.object);
  return [
    ...everything(subject),
    ...(hosts.length > MAX_HOSTS ? tooMany(hosts) : taken(hosts, subject)),
    ...patterns(subject),
    ...certificates(subject),
    ...annotations(subject),
  ];
});

const everything = ({ object }: NativeSubject): readonly Violation[] =>
  catchesAll(object).map((path) =>
    forbid(
      'HOST_NOT_OWNED',
      path,
      'an Ingress of a tenant names its hosts; one for every name is for operators',
    ),
  );

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
    // Helm charts keep digests in `checksum/configmap`.
    const isReference = REFERENCE.test(key) && !key.startsWith('checksum/');
    const [namespace, name] = typeof value === 'string' && isReference ? value.split('/') : [];
    if (namespace === undefined || name === undefined) return [];
    if (context.engine.tenantOf(namespace)?.uid === tenant.uid && !isManagedName(name)) return [];
    return [forbid('CROSS_TENANT_REF', field, 'what it refers to is not in a namespace of this tenant')];
  });
}
