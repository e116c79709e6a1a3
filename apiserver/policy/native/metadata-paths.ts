/** Where the metadata of objects to be made is described: of pods in templates, of Jobs, and of claims anywhere. */
import { CLAIM_PATHS } from './claim-paths.ts';
import { POD_KINDS } from './pods.ts';

/** Paths by resource, without the object's own `metadata`. A claim's metadata is beside its spec. */
export const METADATA_PATHS: ReadonlyMap<string, readonly string[]> = new Map(
  POD_KINDS.map((resource): [string, readonly string[]] => [
    resource,
    [
      ...templates(resource),
      ...(CLAIM_PATHS.get(resource) ?? []).map((field) => field.replace(/spec$/, 'metadata')),
    ],
  ]),
);

function templates(resource: string): readonly string[] {
  if (resource === 'core/pods') return [];
  return resource === 'batch/cronjobs'
    ? ['spec.jobTemplate.metadata', 'spec.jobTemplate.spec.template.metadata']
    : ['spec.template.metadata'];
}
