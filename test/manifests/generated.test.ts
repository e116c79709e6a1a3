/** What of the manifests follows from the code is what the code says, and the README tells what there is. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { apiServices } from '../../hack/manifests-api-services.ts';
import { generatedFiles, staleFiles } from '../../hack/manifests.ts';
import { ROOT } from '../support/polder.ts';
import { nameOf } from './support/objects.ts';

describe('manifests made from the code', () => {
  it('are what the code says', () => {
    assert.ok(generatedFiles().length > 0);
    assert.deepEqual(staleFiles(), [], 'run npm run manifests');
  });

  it('follow a kind of a new group-version with an APIService', () => {
    const later = { group: 'later.polder.dev', version: 'v1' };

    assert.ok(
      apiServices([...KINDS, later])
        .map(nameOf)
        .includes('v1.later.polder.dev'),
    );
    assert.ok(!apiServices(KINDS).map(nameOf).includes('v1.later.polder.dev'));
  });
});

describe('README of the manifests', () => {
  const readme = readFileSync(join(ROOT, 'manifests/README.md'), 'utf8');

  it('names every folder', () => {
    for (const parent of ['overlays', 'components']) {
      for (const name of readdirSync(join(ROOT, 'manifests', parent))) {
        assert.ok(readme.includes(`${parent}/${name}`), `${parent}/${name}`);
      }
    }
    for (const name of ['agent', 'migrate', 'samples']) assert.ok(readme.includes(name), name);
  });

  it('names only what is there', () => {
    const paths = [...readme.matchAll(/\bmanifests\/[\w./-]*\w/g)].map(([path]) => path);

    assert.ok(paths.length > 0);
    for (const path of paths) assert.ok(existsSync(join(ROOT, path)), path);
  });
});
