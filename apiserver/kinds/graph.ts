/** Order and cycles of small directed graphs: steps of a product, environments of a pipeline. */

/** Node to the nodes it must come after. */
export type Predecessors = ReadonlyMap<string, readonly string[]>;
export type Ordered =
  | { readonly ok: true; readonly order: readonly string[] }
  | { readonly ok: false; readonly cycle: readonly string[] };

/**
 * Nodes such that each comes after its predecessors; ties keep the order of the map. Predecessors that are no
 * nodes themselves are ignored. On a cycle its nodes are given, the first one repeated at the end.
 */
export function orderOf(graph: Predecessors): Ordered {
  const order: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  for (const node of graph.keys()) {
    const cycle = visit(graph, node, state, order);
    if (cycle !== undefined) return { ok: false, cycle };
  }
  return { ok: true, order };
}

interface Step {
  readonly node: string;
  readonly rest: Iterator<string>;
}

/** Depth first with its own stack: a long chain must not overflow that of the process. */
function visit(
  graph: Predecessors,
  start: string,
  state: Map<string, 'open' | 'done'>,
  order: string[],
): readonly string[] | undefined {
  if (state.has(start)) return undefined;
  const open = (node: string): Step => {
    state.set(node, 'open');
    return { node, rest: (graph.get(node) ?? []).values() };
  };
  const path: Step[] = [open(start)];
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const next = step.rest.next();
    if (next.done === true) {
      state.set(step.node, 'done');
      order.push(step.node);
      path.pop();
    } else if (state.get(next.value) === 'open') {
      return cycleFrom(path, next.value);
    } else if (!state.has(next.value) && graph.has(next.value)) {
      path.push(open(next.value));
    }
  }
  return undefined;
}

function cycleFrom(path: readonly Step[], node: string): readonly string[] {
  const nodes = path.map((step) => step.node);
  return [...nodes.slice(nodes.indexOf(node)), node];
}
