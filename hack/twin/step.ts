/** One request of the script, as data, and what is filled into it from earlier answers. */
import type { Kind } from '../../apiserver/api/kind.ts';

export interface Step {
  /** Unique in the script. */
  readonly name: string;
  readonly kind: Kind;
  readonly method: string;
  /**
   * Below the collection of the kind, so `/name?query`, or below another place where it begins with `{all}` (every
   * namespace), `{ns:x}` (another namespace) or `{root}` (the group and version).
   * `{rv:x}`, `{uid:x}`, `{list:x}` and `{continue:x}` stand for what the answer kept as x said.
   */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Content-Type; default `application/json` when there is a body. */
  readonly type?: string;
  /** Objects are sent as JSON, texts as they are; placeholders as in `path`. */
  readonly body?: unknown;
  /** Remembers the answer under this name. */
  readonly keep?: string;
  /** Sent together with the neighbours that say so too: they only read, and some take their time. */
  readonly together?: true;
}

/** The group of every kind in the script; each server has its own in its place. */
export const TWIN_GROUP = 'twin.polder.dev';
export const NAMESPACE = 'tn-twin';

/** What an answer is remembered by. */
export interface Kept {
  readonly rv: string;
  readonly uid: string;
  readonly continue: string;
}

const PLACEHOLDER = /\{(rv|uid|continue):([^}]+)\}/g;

/** Throws for what no earlier step has kept. */
export function fill(text: string, kept: ReadonlyMap<string, Kept>): string {
  return text.replace(PLACEHOLDER, (_, what: keyof Kept, name: string) => {
    const found = kept.get(name);
    if (found === undefined) throw new Error(`the script uses {${what}:${name}}, which nothing kept`);
    return found[what];
  });
}

/** Whether the answer shows a collection; events of a watch are one object each. */
export const asksForList = ({ method, path }: Step): boolean =>
  (method === 'GET' || method === 'DELETE') &&
  /^(\{(all|ns:[^}]+)\})?(\?|$)/.test(path) &&
  !/[?&]watch=/.test(path);

/** URL path of a step on a server that serves the kind in `group`. */
export function pathOf(step: Step, group: string): string {
  const { version, plural, scope } = step.kind;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const below = (namespace: string): string => `${root}/namespaces/${namespace}/${plural}`;
  const collection = scope === 'Cluster' ? `${root}/${plural}` : below(NAMESPACE);
  const [, place = ''] = /^(\{all\}|\{root\}|\{ns:[^}]+\})/.exec(step.path) ?? [];
  const rest = step.path.slice(place.length);
  switch (place) {
    case '':
      return collection + rest;
    case '{all}':
      return `${root}/${plural}${rest}`;
    case '{root}':
      return root + rest;
    default:
      return below(place.slice('{ns:'.length, -1)) + rest;
  }
}
