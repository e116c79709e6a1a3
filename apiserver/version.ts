/** The version of this Polder, from package.json. */
import { readFileSync } from 'node:fs';
import { isObject } from './api/json.ts';

export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const found = isObject(manifest) ? manifest['version'] : undefined;
  return typeof found === 'string' ? found : 'unknown';
}
