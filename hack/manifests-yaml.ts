/** Writes Kubernetes objects as YAML the way the files under manifests/ are kept. */
import { stringify } from 'yaml';
import type { JsonObject } from '../apiserver/api/json.ts';

const NOTE = '# Made by `npm run manifests` from the code; edit that, not this.\n';

/** One file: a note on where it comes from, then the documents. */
export const yamlFile = (objects: readonly JsonObject[]): string =>
  NOTE +
  objects
    .map((object) => `---\n${stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })}`)
    .join('');
