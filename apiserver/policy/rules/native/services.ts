/** Services of a tenant take no addresses and names of others, and open no ports of nodes unless that was granted. */
import { at } from '../../../api/json.ts';
import { hostsInAnnotations } from '../../native/hosts.ts';
import { placesAt } from '../../native/pods.ts';
import type { Rule, Violation } from '../rule.ts';
import { MAX_HOSTS, taken, tooMany } from './host-names.ts';
import { forbid, nativeRule, type NativeSubject } from './native-rule.ts';

export const services: Rule = nativeRule('services', ['core/services'], (subject) => [
  ...addresses(subject),
  ...alias(subject),
  ...exposure(subject),
  ...names(subject),
]);

/** source: CVE-2020-8554. */
const addresses = ({ object }: NativeSubject): readonly Violation[] =>
  placesAt(object, 'spec.externalIPs[]').map(({ path }) =>
    forbid('HOST_NOT_OWNED', path, 'a Service of a tenant does not take addresses over'),
  );

/** What makes DNS records from annotations reads those of Services too. */
function names(subject: NativeSubject): readonly Violation[] {
  const hosts = hostsInAnnotations(subject.object);
  return hosts.length > MAX_HOSTS ? tooMany(hosts) : taken(hosts, subject);
}

/** `service.namespace.svc`, with or without the cluster's domain. */
const IN_CLUSTER = /^(?:.*\.)?[^.]+\.([^.]+)\.svc(?:\.[^.]+(?:\.[^.]+)*)?$/;

function alias({ object, context, tenant }: NativeSubject): readonly Violation[] {
  const name = at(object, 'spec.externalName');
  if (at(object, 'spec.type') !== 'ExternalName' || typeof name !== 'string') return [];
  const [, namespace] = IN_CLUSTER.exec(name.toLowerCase().replace(/\.$/, '')) ?? [];
  if (namespace === undefined || context.engine.tenantOf(namespace)?.uid === tenant.uid) return [];
  const message = 'a name inside the cluster must lead to a Service of this tenant';
  return [forbid('CROSS_TENANT_REF', 'spec.externalName', message)];
}

function exposure({ object, request, context }: NativeSubject): readonly Violation[] {
  const type = at(object, 'spec.type');
  if (type !== 'NodePort' && type !== 'LoadBalancer') return [];
  const { allowed, reason } = context.engine.authorize(request.user, {
    is: 'resource',
    verb: 'expose',
    group: '',
    version: 'v1',
    resource: 'services',
    subresource: '',
    namespace: request.namespace,
    name: request.name,
  });
  return allowed
    ? []
    : [forbid('NOT_GRANTED', 'spec.type', `type ${type} opens the cluster to the outside: ${reason}`)];
}
