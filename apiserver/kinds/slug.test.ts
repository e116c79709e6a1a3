import assert from 'node:assert/strict';
import { MAX_SLUG } from './names.ts';
import { defaultSlug } from './slug.ts';

describe('slug', () => {
  it('joins tenant and cluster', () => {
    assert.equal(defaultSlug('acme', 'main'), 'acme-main');
  });

  it('A17 stays a legal name however long its parts are, and tells them apart', () => {
    const long = defaultSlug('a'.repeat(60), 'b'.repeat(200));
    const other = defaultSlug('a'.repeat(60), 'c'.repeat(200));

    for (const slug of [
      long,
      other,
      defaultSlug('acme', 'eu.main'),
      defaultSlug(`${'a'.repeat(46)}-`, 'x'),
    ]) {
      assert.ok(slug.length <= MAX_SLUG, slug);
      assert.match(slug, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    }
    assert.notEqual(long, other);
    assert.notEqual(defaultSlug('acme', 'eu.main'), defaultSlug('acme', 'eu-main'));
  });
});
