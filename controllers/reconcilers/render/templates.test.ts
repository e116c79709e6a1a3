import assert from 'node:assert/strict';
import type { NamespaceTemplate } from '../../../apiserver/kinds/namespace-template.ts';
import { renderTemplates } from './templates.ts';

const FACTS = {
  namespace: 'tenant-acme-main',
  tenant: 'acme',
  cluster: 'main',
  slug: 'acme-main',
  plane: 'eu1',
  region: 'eu',
};
const template = (name: string, spec: Partial<NamespaceTemplate['spec']>): NamespaceTemplate => ({
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'NamespaceTemplate',
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { order: 100, manifests: [], ...spec },
});
const configMap = (name: string, value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { value },
});
const render = (templates: readonly NamespaceTemplate[], ...values: Record<string, string>[]) =>
  renderTemplates(templates, { facts: FACTS, tenantLabels: { tier: 'gold' }, values });

describe('rendering of namespace templates', () => {
  it('U4 goes by order, then by name', () => {
    const { manifests } = render([
      template('b', { manifests: [configMap('second', '')] }),
      template('c', { order: 1, manifests: [configMap('first', '')] }),
      template('d', { manifests: [configMap('third', '')] }),
    ]);

    assert.deepEqual(
      manifests.map(({ metadata }) => (metadata as { name: string }).name),
      ['first', 'second', 'third'],
    );
  });

  it('U4 fills in facts, defaults and overrides: the cluster wins over the tenant', () => {
    const quota = template('quota', {
      variables: { cpu: { default: '1', required: false }, mem: { default: '1Gi', required: false } },
      manifests: [configMap('{{tenant}}-q', '{{ cpu }}/{{ mem }} in {{ namespace }}')],
    });

    const { manifests } = render([quota], { cpu: '8', mem: '2Gi' }, { mem: '4Gi' });

    assert.deepEqual(manifests[0], {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'acme-q',
        namespace: 'tenant-acme-main',
        labels: { 'app.kubernetes.io/managed-by': 'polder' },
      },
      data: { value: '8/4Gi in tenant-acme-main' },
    });
  });

  it('lets nobody set a reserved variable', () => {
    const evil = template('t', { manifests: [configMap('a', '{{ namespace }}')] });

    const { manifests } = render([evil], { namespace: 'tenant-globex-main' });

    assert.deepEqual(manifests[0]?.['data'], { value: 'tenant-acme-main' });
  });

  it('does not look for variables in values', () => {
    const one = template('t', {
      variables: { a: { required: true }, b: { default: 'secret of the template', required: false } },
      manifests: [configMap('a', '{{ a }}')],
    });

    assert.deepEqual(render([one], { a: '{{ b }}' }).manifests[0]?.['data'], { value: '{{ b }}' });
  });

  it('leaves a template out whole when a required value is missing, and says which', () => {
    const needy = template('needy', {
      variables: { bucket: { required: true } },
      manifests: [configMap('a', '{{ bucket }}'), configMap('b', '')],
    });

    assert.deepEqual(render([needy, template('fine', { manifests: [configMap('c', '')] })]), {
      manifests: [...render([template('fine', { manifests: [configMap('c', '')] })]).manifests],
      problems: ['template "needy" needs bucket in templateValues'],
    });
  });

  it('skips templates whose selector does not match the tenant', () => {
    const silver = template('t', {
      selector: { matchLabels: { tier: 'silver' } },
      manifests: [configMap('a', '')],
    });

    assert.deepEqual(render([silver]).manifests, []);
  });
});
