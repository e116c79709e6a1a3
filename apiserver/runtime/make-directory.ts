/** Makes a directory and what is missing above it. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * As `mkdir -p` with mode 0700. Node's own `recursive` never comes back where a folder exists that takes no others and
 * says ENOENT for them, such as /proc. Throws what the system says about the first that cannot be made.
 */
export function makeDirectory(path: string): void {
  const above = dirname(path);
  if (above !== path && !existsSync(above)) makeDirectory(above);
  // It may exist; then this checks that it is a directory.
  mkdirSync(path, existsSync(path) ? { recursive: true } : { mode: 0o700 });
}
