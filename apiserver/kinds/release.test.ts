import { ruleSuite } from '../../test/conformance/kind.ts';
import { DataProductRun } from './data-product-run.ts';
import { PlaneWork } from './plane-work.ts';
import { ReleaseBinding } from './release-binding.ts';
import { Release } from './release.ts';

ruleSuite(Release, [
  { name: 'O5 any change', change: { spec: { notes: 'better' } }, fields: ['spec'], update: true },
  {
    name: 'O5 a name that is not product and digest',
    change: { metadata: { name: 'customer-360-v2' } },
    fields: ['metadata.name'],
  },
  {
    name: 'O5 the digest of other content',
    change: { spec: { hash: 'f'.repeat(64) } },
    fields: ['metadata.name'],
  },
  { name: 'a digest that is none', change: { spec: { hash: 'latest' } }, fields: ['spec.hash'] },
]);

ruleSuite(ReleaseBinding, [
  {
    name: 'another product',
    change: { spec: { productRef: 'other' } },
    fields: ['spec.productRef'],
    update: true,
  },
  {
    name: 'another environment',
    change: { spec: { environment: 'prod' } },
    fields: ['spec.environment'],
    update: true,
  },
  {
    name: 'O7 another release',
    change: { spec: { releaseName: 'customer-360-00000000' } },
    fields: [],
    update: true,
  },
  { name: 'O6 undeploying', change: { spec: { state: 'Undeploy' } }, fields: [], update: true },
  { name: 'an unknown state', change: { spec: { state: 'Paused' } }, fields: ['spec.state'] },
]);

ruleSuite(DataProductRun, [
  {
    name: 'other parameters',
    change: { spec: { parameters: { from: 'x' } } },
    fields: ['spec.parameters'],
    update: true,
  },
  { name: 'being aborted', change: { spec: { abort: true } }, fields: [], update: true },
  { name: 'an unknown trigger', change: { spec: { trigger: 'Magic' } }, fields: ['spec.trigger'] },
]);

ruleSuite(PlaneWork, [
  { name: 'another plane', change: { spec: { dataPlane: 'us1' } }, fields: ['spec.dataPlane'], update: true },
  {
    name: 'a manifest without a kind',
    change: { spec: { manifests: [{ apiVersion: 'v1' }] } },
    fields: ['spec.manifests[0].kind'],
  },
]);
