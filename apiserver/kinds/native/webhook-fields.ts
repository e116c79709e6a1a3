/** What validating and mutating webhook configurations share. source: admissionregistration/v1. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { int, list, listMap, obj, opt, str } from '../../api/schema.ts';
import { labelSelector } from '../fields.ts';
import { text } from './fields.ts';

const clientConfig = obj('How the webhook is reached.', {
  url: opt(text('Address, for webhooks outside of the cluster.')),
  service: opt(
    obj('Service, for webhooks inside of the cluster.', {
      namespace: text('Namespace of the service.'),
      name: text('Name of the service.'),
      path: opt(text('Path of the request.')),
      port: int('Port of the service.', { default: 443 }),
    }),
  ),
  caBundle: opt(str('Certificates that are trusted, in base64.', { format: 'byte' })),
});

const rule = obj('Operations on resources.', {
  operations: opt(list('CREATE, UPDATE, DELETE, CONNECT or *.', text('An operation.'))),
  apiGroups: opt(list('Groups, or *.', text('A group.'))),
  apiVersions: opt(list('Versions, or *.', text('A version.'))),
  resources: opt(list('Resources, with a slash for subresources, or *.', text('A resource.'))),
  scope: str('Scope of the resources.', { enum: ['Cluster', 'Namespaced', '*'], default: '*' }),
});

export const webhookFields = {
  name: text('Full name, unique in the list.'),
  clientConfig,
  rules: opt(list('What the webhook is asked about.', rule)),
  failurePolicy: str('What happens when it cannot be asked.', { enum: ['Ignore', 'Fail'], default: 'Fail' }),
  matchPolicy: str('Whether other versions of a resource count.', {
    enum: ['Exact', 'Equivalent'],
    default: 'Equivalent',
  }),
  namespaceSelector: labelSelector('Labels of the namespaces.', { default: {} }),
  objectSelector: labelSelector('Labels of the objects.', { default: {} }),
  sideEffects: str('Whether being asked changes anything elsewhere.', { enum: ['None', 'NoneOnDryRun'] }),
  timeoutSeconds: int('How long an answer may take.', { minimum: 1, maximum: 30, default: 10 }),
  admissionReviewVersions: list('Versions of the question that it understands.', text('A version.'), {
    minItems: 1,
  }),
  matchConditions: opt(
    listMap(
      'Expressions that must hold for it to be asked.',
      'name',
      obj('One expression.', {
        name: text('Name, unique in the list.'),
        expression: text('Expression in CEL.'),
      }),
    ),
  ),
};

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly url?: string; readonly service?: unknown };
}

/** source: admissionregistration validation ValidateWebhook. */
export function checkWebhooks(webhooks: readonly Webhook[]): readonly Cause[] {
  return webhooks.flatMap((webhook, index) => {
    const field = `webhooks[${index}]`;
    const { url, service } = webhook.clientConfig;
    const parts = webhook.name.split('.');
    return [
      ...(parts.length >= 3
        ? []
        : [
            cause.invalid(
              `${field}.name`,
              webhook.name,
              'should be a domain with at least three segments separated by dots',
            ),
          ]),
      ...((url === undefined) === (service === undefined)
        ? [cause.required(`${field}.clientConfig`, 'exactly one of url or service is required')]
        : []),
    ];
  });
}

/** A cell. */
export const webhookCount = (object: { readonly webhooks?: readonly unknown[] }): number =>
  object.webhooks?.length ?? 0;
