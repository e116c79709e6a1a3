/** Native kinds in a tenant's namespace on the embedded plane: the same rules as on a host, without webhooks. */
import assert from 'node:assert/strict';
import { at, type JsonObject } from '../../apiserver/api/json.ts';
import { startPolder, type Polder } from '../support/polder.ts';

const NS = 'tn-acme';
const pod = (name: string, spec: JsonObject = {}, metadata: JsonObject = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NS, ...metadata },
    spec: {
      containers: [{ name: 'm', image: 'a:1', resources: { requests: { cpu: '10m', memory: '16Mi' } } }],
      ...spec,
    },
  });

describe('native kinds of a tenant on the embedded plane', function () {
  this.timeout(120_000);
  let polder: Polder;
  let ann = '';
  before(async () => {
    polder = await startPolder();
    ann = await polder.user('ann', 'acme-admins');
    await polder.ok(['apply', '-f', 'manifests/samples/quickstart/']);
    const role = JSON.parse(await polder.ok(['get', 'accessrole', 'tenant-admin', '-o', 'json'])) as {
      readonly spec: { readonly actions: readonly string[] };
    };
    const kinds = ['pods.core', 'secrets.core', 'rolebindings.rbac.authorization.k8s.io'];
    const writes = kinds.flatMap((kind) =>
      ['create', 'update', 'patch', 'delete'].map((verb) => `${kind}:${verb}`),
    );
    const spec = { actions: [...role.spec.actions, ...writes] };
    await polder.ok(['patch', 'accessrole', 'tenant-admin', '--type=merge', '-p', JSON.stringify({ spec })]);
  });
  after(() => polder.remove());

  const refused = async (args: readonly string[], input?: string): Promise<string> => {
    const how = input === undefined ? {} : { input };
    const { code, stderr, stdout } = await polder.kubectl(args, { as: ann, ...how });
    assert.equal(code, 1, stdout);
    return stderr;
  };

  it('X3 refuses a binding to cluster-admin, a hostPath pod, a Secret named like ours and our labels', async () => {
    const bind = ['create', 'rolebinding', 'x', '-n', NS, '--clusterrole=cluster-admin', '--user=ann'];
    assert.match(
      await refused(bind),
      /ClusterRole "cluster-admin" may not be bound [^"]*; bind "polder-tenant-editor", or a Role of your own/,
    );
    const host = pod('host', { volumes: [{ name: 'v', hostPath: { path: '/etc' } }] });
    assert.match(await refused(['create', '-f', '-'], host), /Pod Security Standard "baseline"/);
    const secret = ['create', 'secret', 'generic', 'polder-credential-x', '-n', NS];
    assert.match(await refused(secret), /names that start with "polder-" belong to Polder/);
    const foreign = pod('foreign', {}, { labels: { 'polder.dev/tenant': 'globex' } });
    assert.match(await refused(['create', '-f', '-'], foreign), /ties an object to its tenant/);
  });

  it('U6 U7 D10 gives a pod what it names and the label of its tenant', async () => {
    const metadata = {
      labels: { 'polder.dev/inject': 'true' },
      annotations: { 'polder.dev/depots': 'DATA=warehouse' },
    };
    await polder.ok(['create', '-f', '-'], { as: ann, input: pod('asks', {}, metadata) });
    const made = JSON.parse(await polder.ok(['get', 'pod', 'asks', '-n', NS, '-o', 'json'])) as JsonObject;
    const uid = await polder.ok(['get', 'tenant', 'acme', '-o', 'jsonpath={.metadata.uid}']);
    assert.equal((at(made, 'metadata.labels') as JsonObject)['polder.dev/tenant-uid'], uid);
    const volumes = at(made, 'spec.volumes') as JsonObject[];
    assert.ok(
      volumes.some((volume) => String(at(volume, 'secret.secretName')).startsWith('polder-credential-')),
    );
    const unknown = pod('unknown', {}, { ...metadata, annotations: { 'polder.dev/depots': 'nothing' } });
    assert.match(await refused(['create', '-f', '-'], unknown), /there is no Depot "nothing" in this tenant/);
  });
});
