/** Small files of the agent, each replaced atomically and synced before the write resolves. Mode 0600. */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';

export interface StateFiles {
  /** Undefined when there is none. */
  read(name: string): Buffer | undefined;
  /** Durable when it resolves: after a crash either the old or the new content is there. */
  write(name: string, content: Buffer): Promise<void>;
  remove(name: string): void;
  /** Names with this prefix. */
  names(prefix: string): readonly string[];
}

/** Opens (creating it) the agent's directory. */
export function openStateFiles(directory: string): StateFiles {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let serial = 0;
  // Left behind by a crash between writing and renaming.
  for (const name of readdirSync(directory)) {
    if (/^\..*\.new$/.test(name)) rmSync(join(directory, name), { force: true });
  }
  return {
    read: (name) => {
      try {
        return readFileSync(join(directory, name));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    write: async (name, content) => {
      serial += 1;
      const scratch = join(directory, `.${name}.${serial}.new`);
      const file = await open(scratch, 'w', 0o600);
      try {
        await file.writeFile(content);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(scratch, join(directory, name));
      // The rename itself is durable only with the directory.
      const folder = await open(directory, 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
    remove: (name) => rmSync(join(directory, name), { force: true }),
    names: (prefix) => readdirSync(directory).filter((name) => name.startsWith(prefix)),
  };
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
