import assert from 'node:assert/strict';
import { NS } from '../../../../test/support/natives.ts';
import { dev } from '../../../../test/support/policy.ts';
import { codesOf, createReviewWorld } from '../../../../test/support/reviews.ts';
import type { JsonObject } from '../../../api/json.ts';
import { Ingress } from '../../../kinds/native/ingress.ts';
import { Service } from '../../../kinds/native/service.ts';

const ingress = (rules: number, tls: number, namespace = NS): JsonObject => ({
  metadata: { name: 'x', namespace },
  spec: {
    rules: Array.from({ length: rules }, (_, index) => ({ host: `a${index}.example.com` })),
    tls: [{ hosts: Array.from({ length: tls }, (_, index) => `a${index}.example.com`) }],
  },
});

describe('Ingresses of a tenant with many hosts', () => {
  it('are decided on up to a thousand, for rules and certificates together', () => {
    const world = createReviewWorld();
    world.admit({ user: dev, kind: Ingress, object: ingress(500, 500) });
    const status = world.refusal({ user: dev, kind: Ingress, object: ingress(500, 501) });
    assert.deepEqual(codesOf(status), ['TOO_LARGE']);
    assert.match(status.message ?? '', /spec: names 1,001 hosts; at most 1,000 are decided on, spread them/);
  });

  it('keep those that they had when they are labelled, and may become fewer', () => {
    const world = createReviewWorld();
    const old = ingress(2_000, 0);
    const metadata = { name: 'x', namespace: NS, labels: { a: 'b' } };
    world.admit({ user: dev, kind: Ingress, object: { ...old, metadata }, old });
    world.admit({ user: dev, kind: Ingress, object: ingress(1_000, 0), old });
    world.refusal({ user: dev, kind: Ingress, object: ingress(1_999, 1), old });
  });

  it('are all seen by other tenants, whichever of them is asked for', () => {
    const world = createReviewWorld();
    world.put(Ingress, ingress(1_000, 0, 'tn-globex'));
    const object = (host: string): JsonObject => ({
      metadata: { name: 'mine', namespace: NS },
      spec: { rules: [{ host }] },
    });
    for (const host of ['a0.example.com', 'a999.example.com', '*.example.com'])
      assert.deepEqual(codesOf(world.refusal({ user: dev, kind: Ingress, object: object(host) })), [
        'HOST_NOT_OWNED',
      ]);
    for (const host of ['b.example.com', 'b.a0.example.com', '*.a0.example.com', 'example.com'])
      world.admit({ user: dev, kind: Ingress, object: object(host) });
    // Once more: what was remembered of an Ingress goes when it changes.
    world.put(Ingress, { ...ingress(1, 0, 'tn-globex') });
    world.admit({ user: dev, kind: Ingress, object: object('a999.example.com') });
  });
});

describe('annotations that name hosts', () => {
  const of = (annotations: JsonObject, host = 'own.example.org', namespace = NS): JsonObject => ({
    metadata: { name: 'mine', namespace, annotations },
    spec: { rules: [{ host }] },
  });
  const NGINX = 'nginx.ingress.kubernetes.io';
  const conditions = (field: string): string =>
    JSON.stringify([{ field, hostHeaderConfig: { values: ['a.example.com'] } }]);
  const taken = (): ReturnType<typeof createReviewWorld> => {
    const world = createReviewWorld();
    world.put(Ingress, of({}, 'a.example.com', 'tn-globex'));
    return world;
  };
  const KEYS = [
    `${NGINX}/server-alias`,
    'ingress.example.com/server-alias',
    'haproxy-ingress.github.io/redirect-from',
    'haproxy-ingress.github.io/server-redirect',
    'konghq.com/host-aliases',
    'appgw.ingress.kubernetes.io/hostname-extension',
    'external-dns.alpha.kubernetes.io/hostname',
    'external-dns.alpha.kubernetes.io/internal-hostname',
    'cert-manager.io/common-name',
    'traefik.ingress.kubernetes.io/router.tls.domains.0.sans',
  ];

  for (const key of KEYS) {
    it(`D52 ${key} names hosts as rules do: those of others are refused, and its own are kept from others`, () => {
      const world = taken();
      for (const value of [
        'a.example.com',
        'b.example.org, A.EXAMPLE.com.',
        'b.example.org a.example.com',
        '*.example.com',
      ]) {
        const status = world.refusal({ user: dev, kind: Ingress, object: of({ [key]: value }) });
        assert.deepEqual(codesOf(status), ['HOST_NOT_OWNED'], value);
        assert.equal(status.details?.causes?.[0]?.field, `metadata.annotations[${key}]`);
      }
      world.admit({ user: dev, kind: Ingress, object: of({ [key]: 'b.example.org, c.example.org' }) });
      world.put(Ingress, of({ [key]: 'theirs.example.net' }, 'x.example.net', 'tn-globex'));
      world.refusal({ user: dev, kind: Ingress, object: of({}, 'theirs.example.net') });
    });
  }

  it('D52 a Service asks for no DNS record of a host of another tenant', () => {
    const world = taken();
    const service = (hostname: string): JsonObject => ({
      metadata: {
        name: 's',
        namespace: NS,
        annotations: { 'external-dns.alpha.kubernetes.io/hostname': hostname },
      },
      spec: { ports: [{ port: 80 }] },
    });
    const status = world.refusal({
      user: dev,
      kind: Service,
      object: service('b.example.org,a.example.com'),
    });
    assert.deepEqual(codesOf(status), ['HOST_NOT_OWNED']);
    world.admit({ user: dev, kind: Service, object: service('b.example.org') });
    const many = Array.from({ length: 1_001 }, (_, index) => `h${index}.example.org`).join(',');
    assert.deepEqual(codesOf(world.refusal({ user: dev, kind: Service, object: service(many) })), [
      'TOO_LARGE',
    ]);
  });

  it('D52 what stands for more than one name in them is refused', () => {
    const world = createReviewWorld();
    for (const annotations of [
      ...['~^.*$', '.example.org', 'www.example.*', '*', '_', 'a;b'].map((value) => ({
        [`${NGINX}/server-alias`]: value,
      })),
      { 'haproxy-ingress.github.io/server-alias-regex': '.*' },
      { 'haproxy-ingress.github.io/redirect-from-regex': '.*' },
      { 'alb.ingress.kubernetes.io/conditions.svc': conditions('host-header') },
      { 'alb.ingress.kubernetes.io/conditions.svc': conditions('host-header').replaceAll('h', '\\u0068') },
      { 'alb.ingress.kubernetes.io/conditions.svc': 'host-header' },
    ]) {
      const status = world.refusal({ user: dev, kind: Ingress, object: of(annotations) });
      assert.deepEqual(codesOf(status), ['HOST_NOT_OWNED'], JSON.stringify(annotations));
    }
    const methods = JSON.stringify([{ field: 'http-request-method' }]);
    world.admit({
      user: dev,
      kind: Ingress,
      object: of({ 'alb.ingress.kubernetes.io/conditions.svc': methods, 'example.com/hostname': 'a b' }),
    });
  });

  it('D52 a redirect between a name and www. before it takes both', () => {
    const both = { [`${NGINX}/from-to-www-redirect`]: 'true' };
    const off = { [`${NGINX}/from-to-www-redirect`]: 'false' };
    for (const [theirs, host] of [
      ['www.shop.example.com', 'shop.example.com'],
      ['crm.example.com', 'www.crm.example.com'],
    ] as const) {
      const world = createReviewWorld();
      world.put(Ingress, of({}, theirs, 'tn-globex'));
      const status = world.refusal({ user: dev, kind: Ingress, object: of(both, host) });
      assert.deepEqual(codesOf(status), ['HOST_NOT_OWNED']);
      for (const annotations of [{}, off])
        world.admit({ user: dev, kind: Ingress, object: of(annotations, host) });
    }
  });

  it('P05 an Ingress that had such an annotation may be labelled', () => {
    const world = taken();
    const old = of({ [`${NGINX}/server-alias`]: 'a.example.com' });
    const metadata = { ...(old['metadata'] as JsonObject), labels: { a: 'b' } };
    world.admit({ user: dev, kind: Ingress, object: { ...old, metadata }, old });
  });

  it('D52 refuses headers and parameters out of a namespace of others', () => {
    const world = createReviewWorld();
    for (const name of [
      'auth-proxy-set-headers',
      'custom-headers',
      'fastcgi-params-configmap',
      'auth-secret',
    ]) {
      const key = `${NGINX}/${name}`;
      const status = world.refusal({ user: dev, kind: Ingress, object: of({ [key]: 'tn-globex/x' }) });
      assert.deepEqual(codesOf(status), ['CROSS_TENANT_REF'], name);
      world.admit({ user: dev, kind: Ingress, object: of({ [key]: `${NS}/x` }) });
    }
  });

  it('lets names of records, titles of certificates, paths and digests be what they are', () => {
    const world = createReviewWorld();
    for (const annotations of [
      { 'external-dns.alpha.kubernetes.io/hostname': '_sip._tcp.example.org' },
      { 'cert-manager.io/common-name': 'My App (prod)' },
      { 'mycorp.example/redirect-from': '/old/path' },
      { 'checksum/configmap': 'ab/cd=' },
    ])
      world.admit({ user: dev, kind: Ingress, object: of(annotations) });
  });

  it('hold an Ingress with too many hosts to everything else, and to the hosts that it had', () => {
    const many = Array.from({ length: 1_001 }, (_, index) => `a${index}.example.com`).join(',');
    const alias = `${NGINX}/server-alias`;
    const old = of({ [alias]: many });
    const world = createReviewWorld();
    const metadata = { ...(old['metadata'] as JsonObject), labels: { a: 'b' } };
    world.admit({ user: dev, kind: Ingress, object: { ...old, metadata }, old });
    for (const [more, code] of [
      [{ [`${NGINX}/server-snippet`]: 'x' }, 'RESERVED_METADATA'],
      [{ [`${NGINX}/auth-secret`]: 'tn-globex/s' }, 'CROSS_TENANT_REF'],
      [{ [alias]: many.replace('a0.', 'b0.') }, 'TOO_LARGE'],
    ] as const) {
      const status = world.refusal({ user: dev, kind: Ingress, object: of({ [alias]: many, ...more }), old });
      assert.deepEqual(codesOf(status), [code]);
    }
  });
});
