/** Checks I of the API contract: overload, deadlines, audit, metrics. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Json } from '../support/http.ts';
import { expectCode, expectStatus, type Api } from './support/api.ts';
import { metric, untilMetric } from './support/metrics.ts';
import { startEmbedded, type EmbeddedServer } from './support/embedded.ts';
import { dataPolicy, policiesIn } from './support/server.ts';

/** The limits of the server: reads and writes that are worked on at once. */
const READS = 400;
const LISTS = 600;

describe('contract I: limits and operations', function () {
  this.timeout(60_000);
  const path = policiesIn('tn-a');
  let server: EmbeddedServer;
  let root: Api;
  let ann: Api;
  before(async () => {
    server = await startEmbedded();
    root = server.root;
    ann = (await server.user('ann', 'a-admins')).api;
    await server.tenant('a');
    const annotations = { large: 'x'.repeat(250_000) };
    for (let index = 0; index < 24; index += 1) {
      await root.create(path, dataPolicy(`large-${index}`, {}, { annotations }));
    }
  });
  after(() => server.remove());

  it(`C132 answers 429 above ${READS} reads at a time, and lets system:masters through`, async () => {
    const reads = () => metric(root, 'apiserver_current_inflight_requests', ['readOnly']);
    // 6 MB that nobody reads fill every buffer on the way, so the request stays in flight.
    const answers: IncomingMessage[] = await Promise.all(
      Array.from({ length: LISTS }, async () => {
        const response = await ann.open('GET', path);
        response.on('error', () => undefined);
        return response;
      }),
    );
    const served = answers.filter(({ statusCode }) => statusCode === 200);
    const refused = answers.filter(({ statusCode }) => statusCode === 429);

    assert.deepEqual([served.length, refused.length], [READS, LISTS - READS]);
    assert.equal(await reads(), READS);
    for (const { headers } of refused) assert.equal(headers['retry-after'], '1');
    const [one] = refused;
    let text = '';
    for await (const chunk of one ?? []) text += String(chunk);
    const { kind, code, reason, details }: Json = JSON.parse(text);
    assert.deepEqual([kind, code, reason, details.retryAfterSeconds], ['Status', 429, 'TooManyRequests', 1]);

    const masters = await Promise.all(Array.from({ length: 50 }, () => root.call('GET', `${path}?limit=1`)));
    for (const answer of masters) expectCode(answer, 200);
    expectCode(await ann.call('PATCH', `${path}/large-0`, patch()), 200);
    for (const answer of answers) answer.destroy();
    await untilMetric(reads, (value) => value === 0);
    expectCode(await ann.call('GET', `${path}?limit=1`), 200);
    assert.equal(await metric(root, 'apiserver_dropped_requests_total'), LISTS - READS);
  });

  const patch = () => ({ body: { spec: { priority: 60 } }, type: 'application/merge-patch+json' });

  it('C132 answers 504 when ?timeout= is over', async () => {
    const started = Date.now();
    const future = `${path}?resourceVersion=999999999&resourceVersionMatch=NotOlderThan`;

    const answer = await ann.call('GET', `${future}&timeout=1s`);

    const { message } = expectStatus(answer, 504, 'Timeout');
    assert.match(message, /request did not complete within/);
    console.log(`      answered after ${Date.now() - started} ms`);
    expectStatus(await ann.call('GET', `${path}?timeout=soon`), 400, 'BadRequest');
  });

  it('C132 gives back the Audit-ID and writes it into the audit log', async () => {
    const id = '11111111-2222-4333-8444-555555555555';

    const echoed = await ann.call('PATCH', `${path}/large-1`, { ...patch(), headers: { 'Audit-ID': id } });
    const made = await ann.call('GET', `${path}?limit=1`);

    assert.equal(expectCode(echoed, 200).headers['audit-id'], id);
    assert.match(String(made.headers['audit-id']), /^[0-9a-f-]{36}$/);
    const log = join(server.polder.dir, 'audit.log');
    const lines = (): string[] =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes(id));
    await untilMetric(
      () => Promise.resolve(lines().length),
      (count) => count > 0,
    );
    const [line = ''] = lines();
    const record: Json = JSON.parse(line);
    assert.equal(record.auditID, id);
    assert.equal(record.user.username, 'ann');
    assert.equal(record.verb, 'patch');
    assert.deepEqual(
      [record.objectRef.resource, record.objectRef.namespace, record.objectRef.name],
      ['datapolicies', 'tn-a', 'large-1'],
    );
    assert.equal(record.responseStatus.code, 200);
    assert.ok(!line.includes('priority'), 'the audit log holds no values');
  });

  it('C132 serves metrics in the text format, under the names of Kubernetes', async () => {
    const { text, headers } = expectCode(await root.call('GET', '/metrics'), 200);

    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    for (const name of [
      'apiserver_request_total',
      'apiserver_request_duration_seconds',
      'apiserver_longrunning_requests',
      'apiserver_current_inflight_requests',
      'apiserver_storage_objects',
    ]) {
      assert.match(text, new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`, 'm'));
    }
    for (const line of text.split('\n')) {
      assert.match(line, /^(|#.*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? (-?[0-9.e+-]+|NaN|[+-]Inf))$/, line);
    }
    const labels = ['resource="datapolicies"', 'verb="LIST"', 'code="429"'];
    assert.equal(await metric(root, 'apiserver_request_total', labels), LISTS - READS);
    expectStatus(await ann.call('GET', '/metrics'), 403, 'Forbidden');
  });
});
