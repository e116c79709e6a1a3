import assert from 'node:assert/strict';
import { createMetrics } from './metrics.ts';

describe('metrics', () => {
  it('prints a histogram cumulated, with sum and count, one set of lines per series', async () => {
    const metrics = createMetrics();
    const histogram = metrics.histogram({
      name: 'h_seconds',
      help: 'How long.',
      labels: ['verb'],
      buckets: [1, 2],
    });
    const get = histogram.with({ verb: 'GET' });

    for (const value of [0.5, 1, 1.5, 9]) get.observe(value);
    histogram.observe(1.25, { verb: 'GET' });

    assert.deepEqual(await lines(metrics.scrape()), [
      '# HELP h_seconds How long.',
      '# TYPE h_seconds histogram',
      'h_seconds_bucket{le="1",verb="GET"} 2',
      'h_seconds_bucket{le="2",verb="GET"} 4',
      'h_seconds_bucket{le="+Inf",verb="GET"} 5',
      'h_seconds_sum{verb="GET"} 13.25',
      'h_seconds_count{verb="GET"} 5',
    ]);
  });

  it('adds bound and direct increments of a counter, and counts each once', async () => {
    const metrics = createMetrics();
    const counter = metrics.counter({ name: 'c_total', help: 'How many.', labels: ['code'] });
    const ok = counter.with({ code: '200' });

    ok.inc();
    ok.inc(2);
    counter.inc({ code: '200' });
    await metrics.scrape();
    ok.inc();

    assert.deepEqual((await lines(metrics.scrape())).slice(2), ['c_total{code="200"} 5']);
  });

  it('escapes label values', async () => {
    const metrics = createMetrics();
    metrics.histogram({ name: 'h', help: 'x', labels: ['a'], buckets: [1] }).observe(1, { a: 'q"\n\\' });

    assert.ok((await metrics.scrape()).includes('h_count{a="q\\"\\n\\\\"} 1'));
  });
});

async function lines(text: Promise<string>): Promise<readonly string[]> {
  return (await text).split('\n').filter((line) => line !== '');
}
