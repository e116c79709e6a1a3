/** Whether an installation works: what a user sees in the first minute, through plain kubectl. */
import assert from 'node:assert/strict';
import { AS_ADMIN, PLANE } from './install.ts';
import type { Target } from './target.ts';

const TIMEOUT = '--timeout=120s';
const ANN = ['--as=ann', '--as-group=acme-admins', '--as-group=system:authenticated'];

export async function smokeTest(target: Target): Promise<void> {
  const { kubectl, say } = target;
  say('smoke test: tenants become Active');
  for (const tenant of ['acme', 'globex']) {
    await kubectl(['wait', '--for=jsonpath={.status.phase}=Active', TIMEOUT, `tenant/${tenant}`]);
  }
  say('smoke test: the agent connects');
  await kubectl(['wait', '--for=condition=Connected', TIMEOUT, `dataplane/${PLANE}`]);
  say('smoke test: the data clusters are on the plane');
  for (const tenant of ['acme', 'globex']) {
    const cluster = ['datacluster/main', '-n', `tn-${tenant}`];
    await kubectl(['wait', '--for=jsonpath={.status.phase}=Ready', TIMEOUT, ...cluster, ...AS_ADMIN]);
  }
  const slice = await kubectl([
    'get',
    'quota,networkpolicy,serviceaccount',
    '-n',
    'tenant-acme',
    '-o',
    'name',
  ]);
  for (const name of ['resourcequota/polder-tenant', 'serviceaccount/polder-tenant']) {
    assert.ok(slice.split('\n').includes(name), `${name} is not in tenant-acme:\n${slice}`);
  }
  say('smoke test: nobody takes from a tenant what Polder keeps there');
  await refused(target, ['delete', 'quota', 'polder-tenant', '-n', 'tenant-acme'], /isolation\.polder\.dev/);
  say('smoke test: an administrator of acme sees what is of acme and nothing else');
  const mine = await kubectl(['get', 'depots', '-A', '-o', 'name', ...ANN]);
  assert.equal(mine, 'depot.data.polder.dev/warehouse');
  await refused(target, ['get', 'depots', '-n', 'tn-globex', ...ANN], /cannot list resource "depots"/);
  say('smoke test: passed');
}

async function refused(target: Target, args: readonly string[], why: RegExp): Promise<void> {
  let answer = '';
  try {
    answer = await target.kubectl(args);
  } catch (error) {
    assert.match(error instanceof Error ? error.message : String(error), why);
    return;
  }
  assert.fail(`kubectl ${args.join(' ')} was not refused: ${answer}`);
}
