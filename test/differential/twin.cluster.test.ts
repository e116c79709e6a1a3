/** Our kinds and their twins on a real kube-apiserver answer the same script alike. */
import assert from 'node:assert/strict';
import { compare, type Outcome } from '../../hack/twin/compare.ts';
import { INTENDED, judge } from '../../hack/twin/intended.ts';
import { SCRIPT } from '../../hack/twin/steps/index.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { startOurs, type RunningTarget } from './support/ours.ts';
import { twinOn } from './support/twin.ts';

const AT_LEAST = 300;

describe('twin of a CustomResourceDefinition', function () {
  this.timeout(600_000);
  const closing: { close(): Promise<void> }[] = [];
  let outcomes: readonly Outcome[];
  before(async () => {
    const keep = <T extends Cluster | RunningTarget>(one: T): T => {
      closing.unshift(one);
      return one;
    };
    // Without controllers: nothing but the script writes.
    const cluster = keep(await startCluster({ controllerManager: false }));
    const twin = keep(await twinOn(cluster));
    const ours = keep(await startOurs());
    outcomes = await compare(SCRIPT, { ours, twin });
  });
  after(async () => {
    for (const one of closing) await one.close();
  });

  it('every request gets the same code, reason, causes, body and events, but for what is listed', () => {
    assert.ok(outcomes.length >= AT_LEAST);
    const { faults } = judge(outcomes);
    const told = faults.map(({ outcome, differences }) => ({ step: outcome.step.name, differences }));
    assert.deepEqual(told.slice(0, 20), [], `${faults.length} of ${outcomes.length} answers differ`);
  });

  it('the list holds nothing that does not occur', () => {
    const { used } = judge(outcomes);
    const unused = INTENDED.filter((entry) => !used.has(entry)).map(({ reason }) => reason);
    assert.deepEqual(unused, []);
  });

  it('most requests succeed or fail for the reason the script is about, not for the way it is sent', () => {
    const codes = new Set(outcomes.map(({ twin }) => twin.status));
    for (const code of [200, 201, 400, 404, 405, 406, 409, 413, 415, 422]) {
      assert.ok(codes.has(code), `no request was answered with ${code}`);
    }
  });
});
