/** The bodies were written by k8s.io/api v0.36.3 (Marshal, wrapped in runtime.Unknown), as client-go sends them. */
import assert from 'node:assert/strict';
import type { Schema } from '../../api/schema.ts';
import { objectSchema } from '../../api/object-schema.ts';
import { NATIVE_KINDS } from '../../kinds/native/index.ts';
import { apiVersionOf } from '../../api/kind.ts';
import { ProtobufWriter } from '../openapi/protobuf.ts';
import { parseProtobuf } from './decode.ts';
import { kindMessage, messageOf, type Message } from './message-table.ts';

const BODIES = {
  SelfSubjectAccessReview:
    'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSTQoQCgASABoAIg' +
    'AqADIAOABCABIvCi0KB3RuLWFjbWUSA2dldBoPZGF0YS5wb2xkZXIuZGV2IgAqBmRlcG90czIAOgAaCAgAEgAaACAA' +
    'GgAiAA==',
  SelfSubjectReview:
    'azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyAD' +
    'gAQgASBgoECgASABoAIgA=',
  SubjectAccessReview:
    'azhzAAouChdhdXRob3JpemF0aW9uLms4cy5pby92MRITU3ViamVjdEFjY2Vzc1JldmlldxJMChAKABIAGgAiACoAMg' +
    'A4AEIAEi4SDQoGL2xpdmV6EgNnZXQaA2FubiIBYSIBYioQCgZzY29wZXMSBgoBeAoBeTIAGggIABIAGgAgABoAIgA=',
  Secret:
    'azhzAAoMCgJ2MRIGU2VjcmV0EooBCm4KAXMSABoAIgAqADIAOABCCAiA8tbKBhAAWg4KCV9fcHJvdG9fXxIBYVoQCg' +
    'tjb25zdHJ1Y3RvchIBYooBMAoHa3ViZWN0bBIGVXBkYXRlGgAyCEZpZWxkc1YxOg8KDXsiZjpkYXRhIjp7fX1CABIQ' +
    'CghwYXNzd29yZBIEAP9oaRoGT3BhcXVlGgAiAA==',
  Deployment:
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Et4BChIKAWQSABoBbiIAKgAyADgAQgASuQEIABIKCggKA2FwcBIBZB' +
    'qLAQoQCgASABoAIgAqADIAOABCABJ3CgkKAXYSBBICCgASQgoBYxIBaSIAIgIteCoAOhEKAUUSABoKIggKAwoBcxIB' +
    'a0IPCg0KA2NwdRIGCgQ1MDBtagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQDIAfv///' +
    '///////wEiFwoAEhMKBggAEAAaABIJCAEQABoDMjUlKAA4ABoMCAAQABgAIAAoADgAGgAiAA==',
  Lease:
    'azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRIlChEKAWwSABoAIgAqADIAOABCABIQCgJtZSIKCI' +
    'Dy1soGENCoSxoAIgA=',
  Role:
    'azhzAAokChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgRSb2xlEiIKEQoBchIAGgAiACoAMgA4AEIAEg0KA2' +
    'dldBIAGgRwb2RzGgAiAA==',
  Event:
    'azhzAAoZChBldmVudHMuazhzLmlvL3YxEgVFdmVudBJGChEKAWUSABoAIgAqADIAOABCABIAIgAqADIAOgBCEgoDUG' +
    '9kEgAaAXAiACoAMgA6AFIFaGVsbG9aAGIECgASAGoAcgB4ABoAIgA=',
  Pod:
    'azhzAAoJCgJ2MRIDUG9kEk0KGAoBcBIAGgAiACoAMgA4gYCAgICAgBBCABIcGgAyAEIASgBSAFgAYABoAIIBAIoBAJ' +
    'oBAMIBABoTCgAaACIAKgAyAEoAWgByAIgBABoAIgA=',
} as const;
const parse = (name: keyof typeof BODIES): unknown =>
  parseProtobuf(Buffer.from(BODIES[name], 'base64')).value;

describe('protobuf bodies', () => {
  it('give the JSON the same client would have sent', () => {
    const metadata = (name: string): object => ({ name });
    assert.deepEqual(parse('SelfSubjectAccessReview'), {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: {
        resourceAttributes: {
          namespace: 'tn-acme',
          verb: 'get',
          group: 'data.polder.dev',
          resource: 'depots',
        },
      },
      status: { allowed: false },
    });
    assert.deepEqual(parse('SelfSubjectReview'), {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      metadata: {},
      status: { userInfo: {} },
    });
    assert.deepEqual((parse('SubjectAccessReview') as { spec: unknown }).spec, {
      nonResourceAttributes: { path: '/livez', verb: 'get' },
      user: 'ann',
      groups: ['a', 'b'],
      extra: { scopes: ['x', 'y'] },
    });
    assert.deepEqual(parse('Role'), {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: metadata('r'),
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    });
    assert.deepEqual((parse('Lease') as { spec: unknown }).spec, {
      holderIdentity: 'me',
      renewTime: '2026-01-01T00:00:00.001234Z',
    });
    assert.deepEqual((parse('Event') as { regarding: unknown }).regarding, { kind: 'Pod', name: 'p' });
  });

  it('keep explicit zeros of pointers, merge inline messages, read quantities and mixed types', () => {
    assert.deepEqual((parse('Deployment') as { spec: unknown }).spec, {
      replicas: 0,
      selector: { matchLabels: { app: 'd' } },
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
      template: {
        metadata: {},
        spec: {
          priority: -5,
          volumes: [{ name: 'v', emptyDir: {} }],
          containers: [
            {
              name: 'c',
              image: 'i',
              args: ['', '-x'],
              env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
              resources: { limits: { cpu: '500m' } },
            },
          ],
        },
      },
    });
  });

  it('C111 keep odd keys, bytes and 64-bit integers', () => {
    const secret = parse('Secret') as { metadata: Record<string, unknown>; data: object };
    assert.equal(JSON.stringify(secret.metadata['labels']), '{"__proto__":"a","constructor":"b"}');
    assert.equal(secret.metadata['creationTimestamp'], '2026-01-01T00:00:00Z');
    assert.deepEqual(secret.metadata['managedFields'], [
      { manager: 'kubectl', operation: 'Update', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': {} } },
    ]);
    assert.deepEqual(secret.data, { password: 'AP9oaQ==' });
    assert.deepEqual(parseProtobuf(Buffer.from(BODIES.Pod, 'base64')).lossy, [
      { field: 'metadata.generation', literal: '9007199254740993' },
    ]);
  });

  it('refuse what is no such message with 400, whatever the bytes', () => {
    const body = Buffer.from(BODIES.Deployment, 'base64');
    const refused = (bytes: Buffer): void => {
      try {
        parseProtobuf(bytes);
      } catch (error) {
        assert.equal((error as { reason?: string }).reason, 'BadRequest', String(error));
      }
    };
    assert.throws(() => parseProtobuf(Buffer.from('{}')), { reason: 'BadRequest' });
    assert.throws(() => parseProtobuf(Buffer.alloc(0)), { reason: 'BadRequest' });
    for (let length = 4; length < body.length; length += 1) refused(body.subarray(0, length));
    for (let at = 4; at < body.length; at += 1) {
      for (const byte of [0, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(body);
        changed[at] = byte;
        refused(changed);
      }
    }
  });

  it('refuse kinds without a protobuf form, our own among them', () => {
    const writer = new ProtobufWriter();
    writer.message(1, () => {
      writer.text(1, 'data.polder.dev/v1alpha1');
      writer.text(2, 'Depot');
    });

    assert.throws(() => parseProtobuf(Buffer.concat([Buffer.from('k8s\0'), writer.bytes()])), {
      reason: 'BadRequest',
      message: 'no protobuf form is known of data.polder.dev/v1alpha1, Kind=Depot',
    });
  });

  it('read large maps in linear time', () => {
    const writer = new ProtobufWriter();
    const inner = new ProtobufWriter();
    for (let i = 0; i < 50_000; i += 1) {
      inner.message(2, () => {
        inner.text(1, `k${i}`);
        inner.text(2, 'v');
      });
    }
    writer.message(1, () => {
      writer.text(1, 'v1');
      writer.text(2, 'ConfigMap');
    });
    const raw = inner.bytes();
    // Field 2, length delimited.
    const head = Buffer.from([
      0x12,
      (raw.length & 127) | 128,
      ((raw.length >> 7) & 127) | 128,
      raw.length >> 14,
    ]);

    const { value } = parseProtobuf(Buffer.concat([Buffer.from('k8s\0'), writer.bytes(), head, raw]));

    assert.equal(Object.keys((value as { data: object }).data).length, 50_000);
  });
});

describe('the message table', () => {
  it('knows every field of every native kind', () => {
    for (const kind of NATIVE_KINDS) {
      const message = kindMessage(apiVersionOf(kind), kind.kind);
      assert.ok(message, kind.kind);
      covers(message, objectSchema(kind), kind.kind);
    }
  });

  it('has no message that contains itself, so decoding needs no limit of depth', () => {
    const walk = (name: string, above: readonly string[]): void => {
      assert.ok(!above.includes(name), [...above, name].join(' > '));
      for (const field of messageOf(name)?.values() ?? []) {
        if (messageOf(field.type) !== undefined) walk(field.type, [...above, name]);
      }
    };
    for (const kind of [...NATIVE_KINDS.map((one) => one.kind), 'DeleteOptions', 'Scale', 'EventsEvent'])
      walk(kind, []);
  });
});

/** Every field a schema names is in the message, as deep as both go. */
function covers(message: Message, schema: Schema, path: string): void {
  const fields = flatFields(message);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    // The type of an object travels in the envelope.
    if (fields.has('metadata') && (name === 'apiVersion' || name === 'kind')) continue;
    const type = fields.get(name);
    assert.ok(type !== undefined, `${path}.${name}`);
    const inner = property.kind === 'list' || property.kind === 'map' ? property.items : property;
    const next = messageOf(type);
    if (next !== undefined && inner !== undefined) covers(next, inner, `${path}.${name}`);
  }
}

/** JSON names to types, with the fields of inline messages among them. */
function flatFields(message: Message): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of message.values()) {
    if (field.shape !== 'inline') fields.set(field.name, field.type);
    else for (const [name, type] of flatFields(messageOf(field.type) ?? new Map())) fields.set(name, type);
  }
  return fields;
}
