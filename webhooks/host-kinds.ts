/** Kinds that only a host cluster serves and that the webhooks are asked about by name; nothing reads their fields. */
import { defineNative } from '../apiserver/api/kind.ts';

/** Rendered templates of a StatefulSet or DaemonSet, which their controllers make pods from without looking further. */
export const ControllerRevision = defineNative({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  doc: 'An earlier or the present state of a workload, kept by its controller.',
  fields: {},
});

/** A template by itself; what makes pods from it does so under an account of the cluster. */
export const PodTemplate = defineNative({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  doc: 'A template of pods by itself.',
  fields: {},
});

/** What `pods/binding` was before: still served. */
export const Binding = defineNative({
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  scope: 'Namespaced',
  doc: 'Puts a pod on a node.',
  fields: {},
});
