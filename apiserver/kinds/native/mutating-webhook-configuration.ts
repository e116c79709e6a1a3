/** admissionregistration.k8s.io/v1 MutatingWebhookConfiguration. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { listMap, obj, opt, str } from '../../api/schema.ts';
import { checkWebhooks, webhookCount, webhookFields } from './webhook-fields.ts';

const webhook = obj('One webhook.', {
  ...webhookFields,
  reinvocationPolicy: str('Whether it is asked again after others made changes.', {
    enum: ['Never', 'IfNeeded'],
    default: 'Never',
  }),
});

export const MutatingWebhookConfiguration = defineNative({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  scope: 'Cluster',
  doc: 'Webhooks that may change or refuse a write, and the writes they are asked about.',
  fields: { webhooks: opt(listMap('The webhooks.', 'name', webhook)) },
  columns: [{ name: 'Webhooks', type: 'integer', cell: webhookCount }],
  check: (configuration) => checkWebhooks(configuration.webhooks ?? []),
});
export type MutatingWebhookConfiguration = ObjectFor<typeof MutatingWebhookConfiguration>;
