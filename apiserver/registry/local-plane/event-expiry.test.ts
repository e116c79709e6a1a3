import assert from 'node:assert/strict';
import { body, KINDS, names, on, settled, startWorld, WRITE } from '../../../test/support/registry.ts';
import { Event } from '../../kinds/native/event.ts';
import { createFakeClock } from '../../runtime/clock.ts';
import { silentLog } from '../../runtime/log.ts';
import { createMemoryStore } from '../../store/memory/store.ts';
import { createEventExpiry } from './event-expiry.ts';

const MINUTE_MS = 60_000;

describe('event expiry', () => {
  it('deletes events an hour after their last write and leaves newer ones', async () => {
    const clock = createFakeClock(1_700_000_000_000);
    const kinds = [...KINDS, Event];
    const world = await startWorld({ clock, kinds, store: createMemoryStore({ clock }) });
    const { registry, context } = world;
    const expiry = createEventExpiry({ registry, kinds, clock, log: silentLog });
    expiry.start();
    const write = async (name: string): Promise<void> => {
      const involvedObject = { kind: 'Widget', name: 'w', namespace: 'a' };
      const event = { apiVersion: 'v1', kind: 'Event', metadata: { name }, involvedObject, reason: 'Test' };
      await registry.create(context, on(Event, 'a'), body(event), WRITE);
    };
    await write('old');
    clock.advance(40 * MINUTE_MS);
    await settled();
    await write('newer');
    const before = names(registry.peekAll(Event));
    clock.advance(30 * MINUTE_MS);
    await settled();

    assert.deepEqual(before, ['newer', 'old']);
    assert.deepEqual(names(registry.peekAll(Event)), ['newer']);
    await expiry.close();
    await world.close();
  });
});
