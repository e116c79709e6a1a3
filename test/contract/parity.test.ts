/** Every check of the API contract has a test. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS, checksOf, contractTable } from '../../hack/contract-table.ts';
import { ROOT } from '../support/polder.ts';

describe('contract: parity', () => {
  const tested = new Set(
    globSync('test/**/*.test.ts', { cwd: ROOT }).flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\bit\(\s*['"`]([^'"`]*)/g)].flatMap(
        ([, title = '']) => checksOf(title),
      ),
    ),
  );

  it('has a test for every number', () => {
    const all = Array.from({ length: CHECKS }, (_, index) => index + 1);

    assert.deepEqual(
      all.filter((check) => !tested.has(check)),
      [],
    );
  });

  it('prints the worst state of several tests of one number, and what never ran', () => {
    const table = contractTable([
      { title: 'C32 C33 lists documents', state: 'passed' },
      { title: 'C33 keeps documents', state: 'failed' },
      { title: 'C34 never began', state: 'not run' },
      { title: 'has no number', state: 'failed' },
    ]);

    assert.match(table, /C32 +passed +lists documents\n/);
    assert.match(table, /C33 +failed +keeps documents \(and 1 more\)\n/);
    assert.match(table, /C34 +not run +never began\n/);
    assert.match(table, /C35 +missing +no test\n/);
  });
});
