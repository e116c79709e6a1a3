/** What can be done with a kind over HTTP, independent of the OpenAPI version it is written down in. */
import type { Kind } from '../../api/kind.ts';
import * as query from './parameters.ts';
import { groupVersionPath, kindName, listName, metaName, scaleName } from './names.ts';

export type Method = 'get' | 'put' | 'post' | 'patch' | 'delete';
/** source: the values kube-apiserver writes into x-kubernetes-action. */
export type Action = 'get' | 'list' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';

export interface Operation {
  readonly method: Method;
  readonly action: Action;
  /** Unique in a document. */
  readonly id: string;
  readonly description: string;
  readonly target: { readonly group: string; readonly kind: string; readonly version: string };
  readonly query: readonly query.Parameter[];
  /** Name of the definition of the body. */
  readonly body?: string;
  readonly bodyRequired?: boolean;
  /** Name of the definition of the answer. */
  readonly answer: string;
  readonly codes: readonly number[];
}

export interface Path {
  readonly path: string;
  readonly parameters: readonly query.Parameter[];
  readonly operations: readonly Operation[];
}

/**
 * The content types a PATCH takes. Strategic merge is served for native kinds but not named: kubectl would then build
 * its patches from this document, which lacks merge keys and `retainKeys`, and send whole lists; where it is not
 * named kubectl uses the Go types it has built in, which know both.
 * source: kubectl pkg/cmd/apply/patcher.go, gvkSupportsPatchOpenAPIV3 and getPatchTypeFromOpenAPI.
 */
export const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
] as const;

// kubectl looks for `fieldValidation` at the PATCH of a kind, and where there is none it lists the cluster's
// CustomResourceDefinitions, which few may do; so kinds that can only be created name a PATCH nevertheless.
// source: cli-runtime pkg/resource/query_param_verifier.go, crd_finder.go.
const UNSERVED =
  'Answers 405: objects of this kind are not stored. Named here for clients that ask what a write takes.';

/** Every path of a kind: collections, single objects, subresources. */
export function pathsOf(kind: Kind): readonly Path[] {
  const root = `/${groupVersionPath(kind)}`;
  const namespaced = kind.scope === 'Namespaced';
  const base = namespaced ? `${root}/namespaces/{namespace}/${kind.plural}` : `${root}/${kind.plural}`;
  const scope = namespaced ? [query.NAMESPACE] : [];
  const make = new Operations(kind);
  const single = [query.NAME, ...scope, query.PRETTY];
  if (kind.storage === 'virtual') {
    return [
      { path: base, parameters: [...scope, query.PRETTY], operations: [make.create()] },
      {
        path: `${base}/{name}`,
        parameters: single,
        operations: [{ ...make.patch(''), description: UNSERVED }],
      },
    ];
  }
  const everywhere = {
    path: `${root}/${kind.plural}`,
    parameters: [query.PRETTY],
    operations: [make.list(true)],
  };
  return [
    ...(namespaced ? [everywhere] : []),
    {
      path: base,
      parameters: [...scope, query.PRETTY],
      operations: [make.list(false), make.create(), make.deleteCollection()],
    },
    {
      path: `${base}/{name}`,
      parameters: single,
      operations: [make.get(''), make.update(''), make.patch(''), make.remove()],
    },
    ...subresources(kind).map((name) => ({
      path: `${base}/{name}/${name}`,
      parameters: single,
      operations: [make.get(name), make.update(name), make.patch(name)],
    })),
  ];
}

function subresources(kind: Kind): readonly string[] {
  return [...(kind.hasStatus ? ['status'] : []), ...(kind.scale === undefined ? [] : ['scale'])];
}

/** Makes the operations of one kind. */
class Operations {
  readonly #kind: Kind;
  readonly #target: Operation['target'];
  readonly #object: string;
  readonly #status: string;

  constructor(kind: Kind) {
    this.#kind = kind;
    this.#target = { group: kind.group, kind: kind.kind, version: kind.version };
    this.#object = kindName(kind);
    this.#status = metaName(kind.origin, 'Status');
  }

  list(everywhere: boolean): Operation {
    const suffix = everywhere ? 'ForAllNamespaces' : '';
    return {
      method: 'get',
      action: 'list',
      id: this.#id('list', '', suffix),
      description: `List or watch ${this.#kind.plural}${everywhere ? ' of all namespaces' : ''}.`,
      target: this.#target,
      query: query.LIST,
      answer: listName(this.#kind),
      codes: [200],
    };
  }

  create(): Operation {
    return {
      method: 'post',
      action: 'post',
      id: this.#id('create', ''),
      description: `Create a ${this.#kind.kind}.`,
      target: this.#target,
      query: query.WRITE,
      body: this.#object,
      bodyRequired: true,
      answer: this.#object,
      codes: [200, 201, 202],
    };
  }

  deleteCollection(): Operation {
    return {
      method: 'delete',
      action: 'deletecollection',
      id: this.#id('deleteCollection', ''),
      description: `Delete the ${this.#kind.plural} that the selectors select.`,
      target: this.#target,
      query: [...query.LIST, ...query.DELETE],
      body: metaName(this.#kind.origin, 'DeleteOptions'),
      answer: this.#status,
      codes: [200],
    };
  }

  get(subresource: string): Operation {
    const what = subresource === '' ? '' : `${subresource} of the named `;
    return {
      method: 'get',
      action: 'get',
      id: this.#id('read', subresource),
      description: `Read the ${what}${this.#kind.kind}.`,
      target: this.#targetOf(subresource),
      query: [query.RESOURCE_VERSION],
      answer: this.#definition(subresource),
      codes: [200],
    };
  }

  update(subresource: string): Operation {
    return {
      method: 'put',
      action: 'put',
      id: this.#id('replace', subresource),
      description: `Replace the ${subresource === '' ? 'named' : `${subresource} of the named`} ${this.#kind.kind}.`,
      target: this.#targetOf(subresource),
      query: query.WRITE,
      body: this.#definition(subresource),
      bodyRequired: true,
      answer: this.#definition(subresource),
      codes: [200, 201],
    };
  }

  patch(subresource: string): Operation {
    return {
      method: 'patch',
      action: 'patch',
      id: this.#id('patch', subresource),
      description: `Change parts of the ${subresource === '' ? 'named' : `${subresource} of the named`} ${this.#kind.kind}.`,
      target: this.#targetOf(subresource),
      query: [...query.WRITE, query.FORCE],
      body: metaName(this.#kind.origin, 'Patch'),
      bodyRequired: true,
      answer: this.#definition(subresource),
      codes: [200, 201],
    };
  }

  remove(): Operation {
    return {
      method: 'delete',
      action: 'delete',
      id: this.#id('delete', ''),
      description: `Delete the named ${this.#kind.kind}.`,
      target: this.#target,
      query: query.DELETE,
      body: metaName(this.#kind.origin, 'DeleteOptions'),
      answer: this.#status,
      codes: [200, 202],
    };
  }

  #definition(subresource: string): string {
    return subresource === 'scale' ? scaleName(this.#kind.origin) : this.#object;
  }

  #targetOf(subresource: string): Operation['target'] {
    return subresource === 'scale' ? { group: 'autoscaling', kind: 'Scale', version: 'v1' } : this.#target;
  }

  /** As upstream builds them: verb, group, version, scope, kind, subresource. */
  #id(verb: string, subresource: string, suffix = ''): string {
    const { group, version, kind, scope } = this.#kind;
    const words = `${group === '' ? 'core' : group}.${version}`.split(/[^A-Za-z0-9]/);
    const place = scope === 'Namespaced' && suffix === '' ? 'Namespaced' : '';
    return `${verb}${words.map(capital).join('')}${place}${kind}${capital(subresource)}${suffix}`;
  }
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
