/** Builds a kustomization the way `kubectl apply -k` does, and reads what comes out. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { isObject, type JsonObject } from '../apiserver/api/json.ts';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const ROOT = resolve(import.meta.dirname, '..');

/** The objects in the order in which kubectl sends them. Rejects with kubectl's words when it does not build. */
export async function buildManifests(folder: string, kubectl = 'kubectl'): Promise<readonly JsonObject[]> {
  const { stdout } = await promisify(execFile)(kubectl, ['kustomize', resolve(ROOT, folder)], {
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return parseObjects(stdout);
}

/** Documents of a YAML stream; throws on the first one that is broken or no object. */
export function parseObjects(text: string): readonly JsonObject[] {
  return parseAllDocuments(text)
    .filter((document) => !('empty' in document))
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      const value: unknown = document.toJS();
      if (!isObject(value)) throw new Error('a document of the manifests is no object');
      return value;
    });
}
