/** Runs the kind suites over every kind; a new kind is covered by being in the list. */
import { existsSync } from 'node:fs';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { NATIVE_KINDS } from '../../apiserver/kinds/native/index.ts';
import { boundsSuite, kindListSuite, kindSuite, sampleFile, sampleSuite } from './kind.ts';

const ALL = [...KINDS, ...NATIVE_KINDS];

kindListSuite(ALL);
for (const kind of ALL) kindSuite(kind);
for (const kind of KINDS) {
  boundsSuite(kind);
  const file = sampleFile(kind);
  // A missing sample is reported by the parity test.
  if (existsSync(file)) sampleSuite(kind, file);
}
