import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { DataPlane } from '../../kinds/data-plane.ts';
import { CronJob } from '../../kinds/native/cron-job.ts';
import { Event } from '../../kinds/native/event.ts';
import { createFakeClock } from '../../runtime/clock.ts';
import { createTableForm } from './table.ts';

function shown(kind: Kind, object: JsonObject): Readonly<Record<string, unknown>> {
  const clock = createFakeClock(Date.parse('2026-01-01T00:00:30Z'));
  const form = createTableForm(kind, { include: 'None', metaVersion: 'v1', clock });
  const names = (JSON.parse(form.columns) as { readonly name: string }[]).map(({ name }) => name);
  const { cells } = JSON.parse(form.row({ metadata: { name: 'a' }, ...object })) as { cells: unknown[] };
  return Object.fromEntries(names.map((name, index) => [name, cells[index]]));
}

describe('dates in tables', () => {
  const spec = { jobTemplate: { spec: { template: { spec: { containers: [] } } } } };
  const then = '2026-01-01T00:00:00Z';

  it('are ages', () => {
    const cells = shown(CronJob, {
      metadata: { name: 'a', creationTimestamp: then },
      spec,
      status: { lastScheduleTime: then },
    });
    assert.deepEqual([cells['Age'], cells['Last Schedule']], ['30s', '30s']);
  });

  it('that are not there are <none> in native kinds, but <unknown> for ages and events, and empty in ours', () => {
    const cron = shown(CronJob, { spec });
    assert.deepEqual([cron['Age'], cron['Last Schedule']], ['<unknown>', '<none>']);
    assert.equal(shown(DataPlane, { spec: {} })['Heartbeat'], null);
    assert.equal(shown(Event, { involvedObject: {} })['Last Seen'], '<unknown>');
  });
});
