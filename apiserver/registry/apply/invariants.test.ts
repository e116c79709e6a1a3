import assert from 'node:assert/strict';
import { History, type Operation } from '../../../hack/tools/oracle/history.ts';
import { KINDS_UNDER_TEST } from '../../../hack/tools/oracle/kinds.ts';
import { ApiError } from '../../api/errors.ts';
import type { JsonObject } from '../../api/json.ts';
import { atomOf, type Atom } from './atom.ts';
import { compare } from './compare.ts';
import { endpointOf, ownable } from './endpoint.ts';
import { managedFieldsOf, metadataOf } from './managed-fields.ts';
import { managedUpdate } from './managed-update.ts';
import { fieldSetOf } from './owned-fields.ts';
import { decodeOwners, encodeOwners, type Owner, type Owners } from './owners.ts';
import { fieldName, type Path, type PathElement } from './path-element.ts';
import { serverSideApply } from './server-side-apply.ts';

const SEED = Number(process.env['POLDER_TEST_SEED'] ?? 20_250_101);
const STEPS = 1500;
/** The two that exist for their schemas: every way of owning fields. */
const KINDS = KINDS_UNDER_TEST.slice(0, 2);
const NOW_MS = Date.UTC(2030, 0, 1);
const LATER_MS = NOW_MS + 3_600_000;

function run(operation: Operation, nowMs = NOW_MS): JsonObject | undefined {
  const { kind, live, object, manager, subresource, force } = operation;
  if (operation.verb === 'update') {
    return managedUpdate({ kind, oldObject: live, newObject: object, manager, subresource, nowMs });
  }
  try {
    return serverSideApply({ kind, current: live, applied: object, manager, force, subresource, nowMs });
  } catch (error) {
    if (error instanceof ApiError && error.code === 409) return undefined;
    throw error;
  }
}

const ownersOf = (object: JsonObject): Owners => decodeOwners(managedFieldsOf(object), 'stored') ?? new Map();

function applierOf(operation: Operation, object: JsonObject): Owner | undefined {
  return [...ownersOf(object).values()].find(
    (owner) =>
      owner.manager === operation.manager &&
      owner.operation === 'Apply' &&
      owner.subresource === operation.subresource,
  );
}

/** Owning an empty map or list is owning nothing once others fill it, which the rules below do not cover. */
const statesSomethingEverywhere = (config: JsonObject): boolean =>
  !/\{\}|\[\]|null/.test(JSON.stringify(config));

function stepInto(atom: Atom | undefined, element: PathElement): Atom | undefined {
  const name = fieldName(element);
  if (name === undefined) return atom?.list?.element;
  return atom?.map?.fields.get(name) ?? atom?.map?.element;
}

function isContainer(root: Atom, path: Path): boolean {
  if (path.at(-1)?.startsWith('f:') !== true) return false;
  const atom = path.reduce<Atom | undefined>(stepInto, root);
  return atom?.map?.atomic === false || atom?.list?.atomic === false;
}

/** Runs a tame history and hands every finished step to the check, with what is stored after it. */
function everyStep(check: (operation: Operation, result: JsonObject, stored: JsonObject) => void): void {
  const history = new History(KINDS, SEED, true);
  for (let step = 0; step < STEPS; step += 1) {
    const operation = history.next();
    const result = run(operation);
    history.settle(operation, result);
    if (result !== undefined) check(operation, result, history.stored ?? {});
  }
}

describe(`ownership over random histories (POLDER_TEST_SEED=${SEED})`, () => {
  it('an apply that is repeated later changes nothing, times included', () => {
    let repeated = 0;
    everyStep((operation, result) => {
      const isStated = operation.verb === 'apply' && statesSomethingEverywhere(operation.object);
      // What nobody tracks goes to before-first-apply with the next apply.
      if (!isStated || ownersOf(result).size === 0) return;
      const again = run({ ...operation, live: result, force: false }, LATER_MS);
      assert.deepEqual(again, result);
      repeated += 1;
    });
    assert.ok(repeated > 100, `only ${repeated} applies were repeated`);
  });

  it('an applier owns exactly what it states, as far as the endpoint lets it', () => {
    everyStep((operation, result) => {
      if (operation.verb !== 'apply') return;
      const { kind, subresource, object } = operation;
      const endpoint = endpointOf(kind, subresource);
      const stated = ownable(endpoint.owned(fieldSetOf(endpoint.atom, object)));
      const owned = applierOf(operation, result)?.set;
      assert.ok(
        owned === undefined ? stated.isEmpty : owned.equals(stated),
        JSON.stringify(operation.object),
      );
    });
  });

  // A map that pruning emptied is dropped while its owners keep the path, in Kubernetes too.
  it('nobody owns a value or an item that is not there', () => {
    everyStep((operation, _result, stored) => {
      const everything = compare(atomOf(operation.kind), {}, stored).added;
      for (const [id, owner] of ownersOf(stored)) {
        const missing = owner.set.difference(everything).paths();
        const absent = missing.filter((path) => !isContainer(atomOf(operation.kind), path));
        assert.deepEqual(absent, [], `${id} after ${operation.verb} ${JSON.stringify(operation.object)}`);
      }
    });
  });

  it('every field an update changed has the updater as an owner, and nobody else', () => {
    everyStep((operation, result) => {
      const { kind, live, subresource, verb } = operation;
      const isTracked = live === undefined || ownersOf(live).size > 0;
      if (verb !== 'update' || !isTracked) return;
      const endpoint = endpointOf(kind, subresource);
      const { managedFields: _before, ...before } = metadataOf(live);
      const { managedFields: _after, ...after } = metadataOf(result);
      const { added, modified } = compare(
        endpoint.atom,
        { ...live, metadata: before },
        { ...result, metadata: after },
      );
      const changed = ownable(endpoint.owned(added.union(modified)));
      const owners = [...ownersOf(result).values()];
      const merged = owners.filter((owner) => owner.manager === 'ancient-changes');
      const mine = owners.filter(
        (owner) => owner.manager === operation.manager && owner.operation === 'Update',
      );
      const others = owners.filter((owner) => !mine.includes(owner) && !merged.includes(owner));
      for (const other of others)
        assert.ok(other.set.intersection(changed).isEmpty, JSON.stringify(operation.object));
      const rest = [...mine, ...merged].reduce((set, owner) => set.difference(owner.set), changed);
      assert.deepEqual(rest.paths(), [], JSON.stringify(operation.object));
    });
  });

  it('entries survive encoding and decoding, in the same order', () => {
    everyStep((_operation, result) => {
      const entries = managedFieldsOf(result);
      const again = encodeOwners(ownersOf(result));
      assert.equal(JSON.stringify(again), JSON.stringify(entries));
      const reread = decodeOwners(entries, 'client') ?? new Map<string, Owner>();
      assert.equal(JSON.stringify(encodeOwners(reread)), JSON.stringify(entries));
    });
  });
});
