/** A CA bundle in a file that somebody else renews, such as a mounted ConfigMap. */
import { readFileSync } from 'node:fs';

/** Answers what the file holds now; while it cannot be read, what it held last. Throws when it cannot be read at first. */
export function createCaFile(file: string): () => string {
  let known = readFileSync(file, 'utf8');
  return () => {
    try {
      const now = readFileSync(file, 'utf8');
      // A file that is being replaced may be empty for a moment.
      if (now.trim() !== '') known = now;
    } catch {
      // The last one may still be good, and the connection says so if it is not.
    }
    return known;
  };
}
