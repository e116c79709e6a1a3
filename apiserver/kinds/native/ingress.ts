/** networking.k8s.io/v1 Ingress. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, list, obj, opt, str, type Value } from '../../api/schema.ts';
import { text } from './fields.ts';

const backend = obj('Where requests go.', {
  service: opt(
    obj('A service of the namespace.', {
      name: text('Name of the service.'),
      port: opt(
        obj(
          'Port of the service.',
          { name: opt(text('Name of the port.')), number: opt(int('Number of the port.')) },
          { mapType: 'atomic' },
        ),
      ),
    }),
  ),
  resource: opt(
    obj(
      'Another object of the namespace.',
      {
        apiGroup: opt(text('Group of the object.')),
        kind: text('Kind of the object.'),
        name: text('Name of the object.'),
      },
      { mapType: 'atomic' },
    ),
  ),
});

const path = obj('One path.', {
  path: opt(text('The path.')),
  pathType: str('How the path is compared.', { enum: ['Exact', 'ImplementationSpecific', 'Prefix'] }),
  backend,
});

const rule = obj('Paths of one host.', {
  host: opt(text('Name of the host; every one when not set.')),
  http: opt(obj('Paths.', { paths: list('Paths and where they go.', path) })),
});

const spec = obj('Desired state.', {
  ingressClassName: opt(text('Class of the controller that serves it.')),
  defaultBackend: opt(backend),
  tls: opt(
    list(
      'Certificates.',
      obj('One certificate.', {
        hosts: opt(list('Names it is for.', text('A host.'))),
        secretName: opt(text('Secret that holds it.')),
      }),
    ),
  ),
  rules: opt(list('Hosts and their paths.', rule)),
});

const status = obj('Observed state.', {
  loadBalancer: opt(
    obj('The load balancer.', {
      ingress: opt(
        list(
          'Its addresses.',
          obj('One address.', {
            ip: opt(text('Address.')),
            hostname: opt(text('Name.')),
            ports: opt(
              list(
                'State of ports.',
                obj('One port.', {
                  port: int('The port.'),
                  protocol: text('Transport protocol.'),
                  error: opt(text('What is wrong with it.')),
                }),
              ),
            ),
          }),
        ),
      ),
    }),
  ),
});

export const Ingress = defineNative({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  scope: 'Namespaced',
  doc: 'Leads requests from outside to services, by host and path.',
  fields: { spec: opt(spec), status: opt(status) },
  columns: [
    { name: 'Class', type: 'string', cell: (ingress) => ingress.spec?.ingressClassName ?? '<none>' },
    { name: 'Hosts', type: 'string', cell: (ingress) => hosts(ingress.spec?.rules ?? []) },
    {
      name: 'Address',
      type: 'string',
      cell: (ingress) =>
        (ingress.status?.loadBalancer?.ingress ?? []).map((each) => each.ip ?? each.hostname ?? '').join(','),
    },
    {
      name: 'Ports',
      type: 'string',
      cell: (ingress) => (ingress.spec?.tls === undefined ? '80' : '80, 443'),
    },
  ],
  check: (ingress) => checkSpec(ingress.spec),
});
export type Ingress = ObjectFor<typeof Ingress>;

const MAX_SHOWN = 3;
function hosts(rules: readonly Value<typeof rule>[]): string {
  const named = rules.map((each) => each.host ?? '').filter((host) => host !== '');
  if (named.length === 0) return '*';
  const more = named.length - MAX_SHOWN;
  return named.slice(0, MAX_SHOWN).join(',') + (more > 0 ? ` + ${more} more...` : '');
}

/** source: networking validation ValidateIngressSpec. */
function checkSpec(wanted: Value<typeof spec> | undefined): readonly Cause[] {
  const rules = wanted?.rules ?? [];
  if (rules.length === 0 && wanted?.defaultBackend === undefined) {
    return [cause.invalid('spec', {}, 'either `defaultBackend` or `rules` must be specified')];
  }
  return rules.flatMap((each, at) =>
    (each.http?.paths ?? []).flatMap((one, index) => {
      const rooted = one.pathType === 'ImplementationSpecific' || (one.path ?? '').startsWith('/');
      const field = `spec.rules[${at}].http.paths[${index}].path`;
      return rooted ? [] : [cause.invalid(field, one.path, 'must be an absolute path')];
    }),
  );
}
