/** What a server wrote into its audit log, read while it runs. */
import { readFileSync } from 'node:fs';
import type { Json } from '../../support/http.ts';
import { until } from '../../support/until.ts';

export interface AuditLog {
  /** Every complete record so far. */
  read(): readonly Json[];
  /** The first record that is wanted; rejects when none comes within 20 s: logs are written in batches. */
  find(what: string, wanted: (record: Json) => boolean): Promise<Json>;
}

export function auditLog(file: string): AuditLog {
  const read = (): readonly Json[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Json);
  return {
    read,
    find: async (what, wanted) => {
      let found: Json;
      await until(what, () => (found = read().find(wanted)) !== undefined);
      return found;
    },
  };
}
