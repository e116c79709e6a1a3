import assert from 'node:assert/strict';
import type { Change } from '../../apiserver/client/cache.ts';
import type { Informer } from '../../apiserver/client/informer.ts';
import type { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { cluster, work } from '../../test/support/objects.ts';
import { createSlugClaims } from './slug.ts';

describe('slug claims', () => {
  let tell: (change: Change<PlaneWork>) => void;
  const informer: Pick<Informer<PlaneWork>, 'onChange'> = {
    onChange: (listener) => {
      tell = listener;
      return () => undefined;
    },
  };
  const first = cluster('first');
  const second = cluster('second');
  const claims = () => createSlugClaims(informer as Informer<PlaneWork>);
  const workOf = (uid: string): PlaneWork =>
    work(`dc-${uid}`, {
      targetNamespace: 'tenant-shared',
      owner: { kind: 'DataCluster', name: uid, uid, namespace: 'tn-acme' },
    });

  it('A17 gives a slug to the first that asks and to nobody else', () => {
    const own = claims();

    assert.equal(own.claim('shared', first), true);
    assert.equal(own.claim('shared', second), false);
    assert.equal(own.claim('shared', first), true);
    assert.equal(own.claim('other', second), true);
  });

  it('lets go of a claim that came to nothing', () => {
    const own = claims();
    own.claim('shared', first);

    own.release(first);

    assert.equal(own.claim('shared', second), true);
  });

  it('keeps a namespace taken until the work that filled it is gone, across restarts', () => {
    const own = claims();
    tell({ type: 'added', object: workOf(first.metadata.uid) });
    own.release(first);
    assert.equal(own.claim('shared', second), false);

    tell({ type: 'deleted', object: workOf(first.metadata.uid) });

    assert.equal(own.claim('shared', second), true);
  });

  it('wakes those that were refused as soon as the slug is free, once', () => {
    const own = claims();
    const woken: string[] = [];
    own.onFree(({ name }) => woken.push(name));
    tell({ type: 'added', object: workOf(first.metadata.uid) });
    own.claim('shared', second);
    own.claim('shared', second);

    tell({ type: 'deleted', object: workOf(first.metadata.uid) });
    tell({ type: 'deleted', object: workOf(first.metadata.uid) });

    assert.deepEqual(woken, ['second']);
  });
});
