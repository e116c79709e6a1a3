/** Our kinds and their twins on a real kube-apiserver answer the same script alike, directly and through the aggregator. */
import assert from 'node:assert/strict';
import { compare, type Outcome } from '../../hack/twin/compare.ts';
import { INTENDED, judge } from '../../hack/twin/intended.ts';
import type { Step } from '../../hack/twin/step.ts';
import { SCRIPT } from '../../hack/twin/steps/index.ts';
import type { Target } from '../../hack/twin/target.ts';
import { startCluster } from '../support/cluster.ts';
import { startAggregatedOurs } from './support/aggregated.ts';
import { prepareScaled, startOurs } from './support/ours.ts';
import { twinOn } from './support/twin.ts';

const AT_LEAST = 300;

interface Servers {
  readonly ours: Target;
  readonly twin: Target;
}
/** What has been started is closed backwards. */
type Closing = { close(): Promise<void> }[];

function suite(name: string, script: readonly Step[], start: (closing: Closing) => Promise<Servers>) {
  describe(name, function () {
    this.timeout(900_000);
    const closing: Closing = [];
    let outcomes: readonly Outcome[] = [];
    before(async () => {
      outcomes = await compare(script, await start(closing));
    });
    after(async () => {
      for (const one of closing.toReversed()) await one.close();
    });

    it('every request gets the same code, reason, causes, body and events, but for what is listed', () => {
      assert.ok(outcomes.length >= AT_LEAST);
      const { faults } = judge(outcomes);
      const told = faults.map(({ outcome, differences }) => ({ step: outcome.step.name, differences }));
      assert.deepEqual(told.slice(0, 20), [], `${faults.length} of ${outcomes.length} answers differ`);
    });

    it('every kind of answer occurs', () => {
      const codes = new Set(outcomes.map(({ twin }) => twin.status));
      const wanted = [200, 201, 400, 404, 405, 406, 409, 413, 415, 422];
      assert.deepEqual(
        wanted.filter((code) => !codes.has(code)),
        [],
      );
    });

    if (script !== SCRIPT) return;
    it('the list holds nothing that does not occur', () => {
      const { used } = judge(outcomes);
      const unused = INTENDED.filter((entry) => !used.has(entry)).map(({ reason }) => reason);
      assert.deepEqual(unused, []);
    });
  });
}

suite('twin of a CustomResourceDefinition', SCRIPT, async (closing) => {
  // Without controllers: nothing but the script writes.
  const cluster = await startCluster({ controllerManager: false });
  closing.push(cluster);
  const twin = await twinOn(cluster);
  closing.push(twin);
  const ours = await startOurs();
  closing.push(ours);
  for (const server of [ours, twin]) await prepareScaled(server);
  return { ours, twin };
});

/** Native kinds are not ours there, and what is wrong with one field is decided by the same code in both modes. */
const THROUGH = SCRIPT.filter(({ name, kind }) => kind.origin === 'own' && !name.includes(' bad value '));

suite('twin of a CustomResourceDefinition, through the aggregator', THROUGH, async (closing) => {
  const ours = await startAggregatedOurs();
  closing.push(ours);
  const twin = await twinOn(ours.cluster);
  closing.push(twin);
  return { ours, twin };
});
