/** Server-side apply and managed updates against Kubernetes' own field manager, on random histories of all kinds. */
import assert from 'node:assert/strict';
import { compareWithOracle } from '../../hack/tools/oracle/compare.ts';
import { findTool } from '../../hack/tools/find.ts';

const TUPLES = 5_000;
const SEEDS = 1_000_000;

describe('ownership of fields', () => {
  it('C123 is what the field manager of Kubernetes says, object and fieldsV1, for 5,000 random operations', function () {
    this.timeout(180_000);
    const program = findTool('oracle');
    assert.ok(program !== undefined, 'hack/test.ts builds the oracle before this suite runs');
    const seed = Number(process.env['POLDER_ORACLE_SEED'] ?? Math.floor(Math.random() * SEEDS));

    const { tuples, differences, outcomes, shown } = compareWithOracle(program, TUPLES, seed);

    const counts = [...outcomes].map(([outcome, times]) => `${outcome} ${times}`).join(', ');
    console.log(`    ${tuples} operations, POLDER_ORACLE_SEED=${seed}: ${counts}`);
    assert.equal(differences, 0, `POLDER_ORACLE_SEED=${seed}\n${shown.join('\n')}`);
    assert.ok(tuples >= TUPLES);
    // A history that only ever succeeds, or only fails, would compare nothing.
    for (const outcome of ['apply ok', 'update ok', 'apply 409'])
      assert.ok((outcomes.get(outcome) ?? 0) > 100);
  });
});
