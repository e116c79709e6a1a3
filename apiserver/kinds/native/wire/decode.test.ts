/** Bodies as kubectl 1.32 sent them, and what its JSON bodies for the same commands hold. */
import assert from 'node:assert/strict';
import { ProtobufWriter } from '../../../http/openapi/protobuf.ts';
import { createProtobufDecoder } from './decode.ts';
import { ProtobufError } from './reader.ts';

const RECORDED = [
  {
    name: 'a Deployment whose zero replicas are meant',
    body:
      'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Er0BCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEosBCA' +
      'ASDAoKCgNhcHASA3dlYhpxChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViElESMwoFbmdpbngSCm5naW54OjEu' +
      'MjcqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKA' +
      'A4ABoMCAAQABgAIAAoADgAGgAiAA==',
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            containers: [
              { name: 'nginx', image: 'nginx:1.27', ports: [{ containerPort: 80 }], resources: {} },
            ],
          },
        },
        strategy: {},
      },
      status: {},
    },
  },
  {
    name: 'a Secret with bytes',
    body: 'azhzAAoMCgJ2MRIGU2VjcmV0Eh8KEQoBcxIAGgAiACoAMgA4AEIAEggKAWESA2LDqRoAGgAiAA==',
    object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 'YsOp' } },
  },
  {
    name: 'a ResourceQuota with quantities',
    body:
      'azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRI6ChEKAXESABoAIgAqADIAOABCABIjChQKCmxpbWl0cy5jcHUSBgoENT' +
      'AwbQoLCgRwb2RzEgMKATMaABoAIgA=',
    object: {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q' },
      spec: { hard: { 'limits.cpu': '500m', pods: '3' } },
      status: {},
    },
  },
  {
    name: 'an Ingress with inline fields',
    body:
      'azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJKChEKAWkSABoAIgAqADIAOABCABIxEggKA2EuYh' +
      'IBeBolCgNhLmISHgocChoKAS8SDSILCgN3ZWISBAoAEFAaBlByZWZpeBoCCgAaACIA',
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'i' },
      spec: {
        tls: [{ hosts: ['a.b'], secretName: 'x' }],
        rules: [
          {
            host: 'a.b',
            http: {
              paths: [
                {
                  path: '/',
                  backend: { service: { name: 'web', port: { number: 80 } } },
                  pathType: 'Prefix',
                },
              ],
            },
          },
        ],
      },
      status: { loadBalancer: {} },
    },
  },
  {
    name: 'a Service with a port that is a number',
    body:
      'azhzAAoNCgJ2MRIHU2VydmljZRJnCh0KAm5wEgAaACIAKgAyADgAQgBaCQoDYXBwEgJucBJCCh0KBzgwLTgwODASA1' +
      'RDUBhQIgcIABCQPxoAKLHqARIJCgNhcHASAm5wGgAiCE5vZGVQb3J0OgBCAFIAWgBgAGgAGgIKABoAIgA=',
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'np', labels: { app: 'np' } },
      spec: {
        ports: [{ name: '80-8080', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30001 }],
        selector: { app: 'np' },
        type: 'NodePort',
      },
      status: { loadBalancer: {} },
    },
  },
  {
    name: 'a SelfSubjectAccessReview',
    body:
      'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSOQoQCgASABoAIg' +
      'AqADIAOABCABIbChkKAXoSA2dldBoAIgAqBHBvZHMyADoDbG9nGggIABIAGgAgABoAIgA=',
    object: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { namespace: 'z', verb: 'get', resource: 'pods', name: 'log' } },
      status: { allowed: false },
    },
  },
];

const decode = createProtobufDecoder();

/** A body around the fields that `write` writes. */
function bodyOf(apiVersion: string, kind: string, write: (writer: ProtobufWriter) => void): Buffer {
  const writer = new ProtobufWriter();
  writer.message(1, () => {
    writer.text(1, apiVersion);
    writer.text(2, kind);
  });
  writer.message(2, () => write(writer));
  return Buffer.concat([Buffer.from('k8s\0'), writer.bytes()]);
}

function readOrRefuse(bytes: Buffer): void {
  try {
    decode(bytes);
  } catch (error) {
    assert.ok(error instanceof ProtobufError, String(error));
  }
}

describe('createProtobufDecoder', () => {
  for (const { name, body, object } of RECORDED) {
    it(`reads ${name}`, () => {
      assert.deepEqual(decode(Buffer.from(body, 'base64')), object);
    });
  }

  it('answers every cut or damaged body with its own error, never with another one', () => {
    for (const { body } of RECORDED) {
      const bytes = Buffer.from(body, 'base64');
      for (let at = 0; at < bytes.length; at += 1) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ 0xff;
        readOrRefuse(bytes.subarray(0, at));
        readOrRefuse(damaged);
      }
    }
  });

  it('keeps __proto__ as the key of a label', () => {
    const body = bodyOf('v1', 'ConfigMap', (writer) => {
      writer.message(2, () => {
        writer.text(1, '__proto__');
        writer.text(2, 'x');
      });
    });

    const data = decode(body)['data'] as object;

    assert.deepEqual(Object.entries(data), [['__proto__', 'x']]);
  });

  it('refuses kinds that Kubernetes does not define and bodies without the mark', () => {
    assert.throws(() => decode(bodyOf('data.polder.dev/v1alpha1', 'Depot', () => undefined)), ProtobufError);
    assert.throws(() => decode(Buffer.from('{"kind":"ConfigMap"}')), ProtobufError);
  });

  it('refuses a field that it could only lose', () => {
    const body = bodyOf('v1', 'Pod', (writer) => {
      writer.message(2, () => {
        writer.message(1, () => {
          writer.text(1, 'disk');
          // volumeSource.iscsi
          writer.message(2, () => writer.message(8, () => writer.text(1, 'portal')));
        });
      });
    });

    assert.throws(() => decode(body), /iscsi/);
  });

  it('reads times, and no time where Go writes an empty one', () => {
    const body = bodyOf('coordination.k8s.io/v1', 'Lease', (writer) => {
      writer.message(1, () => {
        writer.text(1, 'leader');
        writer.message(8, () => undefined);
      });
      writer.message(2, () => {
        writer.message(4, () => {
          writer.integer(1, 1_700_000_000);
          writer.integer(2, 123_456_000);
        });
      });
    });

    assert.deepEqual(decode(body), {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'leader' },
      spec: { renewTime: '2023-11-14T22:13:20.123456Z' },
    });
  });
});
