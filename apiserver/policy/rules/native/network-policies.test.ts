import assert from 'node:assert/strict';
import { dev } from '../../../../test/support/policy.ts';
import { createReviewWorld } from '../../../../test/support/reviews.ts';
import type { JsonObject } from '../../../api/json.ts';
import { NetworkPolicy } from '../../../kinds/native/network-policy.ts';

interface Block {
  readonly cidr: string;
  readonly except?: readonly string[];
}
type Rule = readonly (string | Block)[];

const policyOf = (...rules: readonly Rule[]): JsonObject => ({
  metadata: { namespace: 'tn-acme', name: 'mine' },
  spec: {
    podSelector: {},
    ingress: rules.map((blocks) => ({
      from: blocks.map((block) => ({ ipBlock: typeof block === 'string' ? { cidr: block } : { ...block } })),
    })),
  } as unknown as JsonObject,
});
const write = (object: JsonObject) => ({
  user: dev,
  kind: NetworkPolicy,
  object,
});

describe('D59 NetworkPolicies of a tenant that name addresses', () => {
  const EVERYBODY: readonly (readonly [string, string, readonly Rule[]])[] = [
    ['one range', 'spec.ingress[0].from[0].ipBlock.cidr', [['0.0.0.0/0']]],
    ['one range of IPv6', 'spec.ingress[0].from[1].ipBlock.cidr', [['10.0.0.0/8', '::/0']]],
    ['one range in other words', 'spec.ingress[0].from[0].ipBlock.cidr', [['1.2.3.4/00']]],
    ['one range of IPv4 written as IPv6', 'spec.ingress[0].from[0].ipBlock.cidr', [['::ffff:0.0.0.0/96']]],
    [
      'one range with an exception',
      'spec.ingress[0].from[0].ipBlock.cidr',
      [[{ cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] }]],
    ],
    ['two halves', 'spec.ingress', [['0.0.0.0/1', '128.0.0.0/1']]],
    ['two halves of IPv6', 'spec.ingress', [['8000::/1', '::/1']]],
    ['two halves in two rules', 'spec.ingress', [['128.0.0.0/1'], ['10.1.0.0/16', '0.0.0.0/1']]],
    ['many parts', 'spec.ingress', [Array.from({ length: 256 }, (_, index) => `${255 - index}.0.0.0/8`)]],
    [
      'two halves of which an exception is named elsewhere',
      'spec.ingress',
      [
        [{ cidr: '0.0.0.0/1', except: ['10.0.0.0/7'] }, '128.0.0.0/1'],
        ['10.0.0.0/8', '11.0.0.0/8'],
      ],
    ],
    [
      'all but a few addresses',
      'spec.ingress',
      [['0.0.0.0/1', { cidr: '128.0.0.0/1', except: ['255.255.0.0/16', '224.0.0.0/16'] }]],
    ],
    [
      'two halves with an exception that is none',
      'spec.ingress',
      [['0.0.0.0/1', { cidr: '128.0.0.0/1', except: ['x', '0.0.0.0/1', '::/0'] }]],
    ],
  ];
  for (const [name, field, rules] of EVERYBODY) {
    it(`may not let everybody in: ${name}`, () => {
      const refusal = createReviewWorld().refusal(write(policyOf(...rules)));
      assert.match(refusal.message ?? '', /every address/);
      assert.deepEqual(
        refusal.details?.causes?.map((cause) => cause.field),
        [field],
      );
    });
  }

  const NAMED: readonly (readonly [string, readonly Rule[]])[] = [
    ['ranges', [['10.1.0.0/16', '2001:db8::/32'], ['192.168.0.0/16']]],
    ['half of both families', [['0.0.0.0/1', '::/1']]],
    [
      'the same half again and again',
      [
        ['0.0.0.0/1', '0.0.0.0/1'],
        ['0.0.0.0/2', '64.0.0.0/2'],
      ],
    ],
    [
      'two halves without a range that counts',
      [[{ cidr: '0.0.0.0/1', except: ['10.0.0.0/8'] }, '128.0.0.0/1']],
    ],
    ['three quarters', [['0.0.0.0/1', '128.0.0.0/2']]],
  ];
  for (const [name, rules] of NAMED) {
    it(`may name ${name}`, () => {
      createReviewWorld().admit(write(policyOf(...rules)));
    });
  }

  it('may not name more than can be decided on quickly, exceptions counted too, and says how many', () => {
    const ranges = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
    createReviewWorld().admit(write(policyOf(ranges(1_000))));
    for (const rules of [
      [ranges(1_001)],
      [ranges(500), ranges(501)],
      [[{ cidr: '10.0.0.0/8', except: ranges(1_000) }]],
    ]) {
      const refusal = createReviewWorld().refusal(write(policyOf(...rules)));
      assert.match(refusal.message ?? '', /has 1,001 peers and exceptions; at most 1,000/);
      assert.deepEqual(
        refusal.details?.causes?.map((cause) => cause.field),
        ['spec'],
      );
    }
  });

  it('may not name what is no range', () => {
    const refusal = createReviewWorld().refusal(write(policyOf(['10.1.0.0'])));
    assert.match(refusal.message ?? '', /not a range of addresses/);
  });

  it('may stay when they were there before, while something else is changed', () => {
    const old = policyOf(['0.0.0.0/1', '128.0.0.0/1']);
    const spec = { ...(old['spec'] as JsonObject), egress: [] };
    const world = createReviewWorld();
    world.admit({ ...write({ ...old, spec }), old });
    world.refusal({ ...write(policyOf(['0.0.0.0/1', '128.0.0.0/1', '::/1'])), old });
  });
});
