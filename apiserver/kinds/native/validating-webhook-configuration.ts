/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { listMap, obj, opt } from '../../api/schema.ts';
import { checkWebhooks, webhookCount, webhookFields } from './webhook-fields.ts';

export const ValidatingWebhookConfiguration = defineNative({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  scope: 'Cluster',
  doc: 'Webhooks that may refuse a write, and the writes they are asked about.',
  fields: {
    webhooks: opt(listMap('The webhooks.', 'name', obj('One webhook.', webhookFields))),
  },
  columns: [{ name: 'Webhooks', type: 'integer', cell: webhookCount }],
  check: (configuration) => checkWebhooks(configuration.webhooks ?? []),
});
export type ValidatingWebhookConfiguration = ObjectFor<typeof ValidatingWebhookConfiguration>;
