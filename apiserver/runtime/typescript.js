/**
 * Serves our TypeScript without its types from a cache that a process of its own fills: Node's type stripper leaves
 * 50 MB behind in the process that uses it. Without the cache Node strips as always and only memory is lost.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '../..');
/** The folders of this repository that hold programs. */
export const PROGRAMS = ['apiserver', 'controllers', 'webhooks'].map((name) => join(ROOT, name));
/** Inside the installation, because what lies in a directory of everybody's is not to be run. */
export const CACHE = process.env['NODE_COMPILE_CACHE'] ?? join(ROOT, 'node_modules/.cache/polder');
const STRIPPED = join(CACHE, 'stripped');
const STRIP_TIMEOUT_MS = 30_000;

/** Where the stripped form of a source lies: named by content, so that it is never out of date. */
export const strippedFile = (/** @type {Buffer} */ source) =>
  join(STRIPPED, `${createHash('sha256').update(source).digest('hex')}.js`);

/** From now on in this thread. The first source that is missing has the whole cache filled. */
export function serveStripped() {
  const ours = PROGRAMS.map((folder) => `${pathToFileURL(folder).href}/`);
  let isFilled = false;
  registerHooks({
    load: (url, context, nextLoad) => {
      if (!url.endsWith('.ts') || !ours.some((prefix) => url.startsWith(prefix)))
        return nextLoad(url, context);
      const file = strippedFile(readFileSync(fileURLToPath(url)));
      let source = read(file);
      if (source === undefined && !isFilled) {
        fill();
        isFilled = true;
        source = read(file);
      }
      if (source === undefined) return nextLoad(url, context);
      return { format: 'module', source, shortCircuit: true };
    },
  });
}

function fill() {
  const script = join(import.meta.dirname, 'strip-types.js');
  spawnSync(process.execPath, [script], { stdio: 'ignore', timeout: STRIP_TIMEOUT_MS });
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
