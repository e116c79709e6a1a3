/** Every check of the API contract has a test here, or a reason why it waits. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS, ISSUE_4, checksOf, contractTable } from '../../hack/contract-table.ts';
import { ROOT } from '../support/polder.ts';

/** What issue 3 asks for at least, from and to. */
const REQUIRED: readonly (readonly [number, number])[] = [
  [20, 20],
  [25, 36],
  [43, 48],
  [52, 66],
  [68, 83],
  [85, 85],
  [87, 112],
  [124, 125],
  [127, 127],
  [132, 132],
];

describe('contract: parity', () => {
  const tested = new Set(
    globSync('test/**/*.test.ts', { cwd: ROOT }).flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\bit\(\s*['"`]([^'"`]*)/g)].flatMap(
        ([, title = '']) => checksOf(title),
      ),
    ),
  );

  it('has a test for every number that is required', () => {
    const missing = REQUIRED.flatMap(([from, to]) =>
      Array.from({ length: to - from + 1 }, (_, index) => from + index),
    ).filter((check) => !tested.has(check));

    assert.deepEqual(missing, []);
  });

  it('has a test or a reason for every number, never both', () => {
    const all = Array.from({ length: CHECKS }, (_, index) => index + 1);

    assert.deepEqual(
      all.filter((check) => !tested.has(check) && ISSUE_4[check] === undefined),
      [],
    );
    assert.deepEqual(
      all.filter((check) => tested.has(check) && ISSUE_4[check] !== undefined),
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
    assert.match(table, /C2 +issue 4 +needs kube-apiserver/);
  });
});
