/** A process of its own: strips the types of every source that the cache does not hold yet, and ends. */
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname } from 'node:path';
import { PROGRAMS, strippedFile } from './typescript.js';

for (const program of PROGRAMS) {
  for (const name of globSync('**/*.ts', { cwd: program, exclude: ['**/*.test.ts'] })) {
    const source = readFileSync(`${program}/${name}`);
    const file = strippedFile(source);
    if (!existsSync(file)) write(file, stripTypeScriptTypes(source.toString()));
  }
}

/** Whole or not at all: another process may be reading. */
function write(/** @type {string} */ file, /** @type {string} */ text) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const scratch = `${file}.${process.pid}`;
  writeFileSync(scratch, text);
  renameSync(scratch, file);
}
