/** Where our answers differ from those of kube-apiserver on purpose, and why. Everything else is a fault. */
import type { Difference } from './difference.ts';
import type { Outcome } from './compare.ts';
import { computedCells } from './columns.ts';

export interface Intended {
  readonly reason: string;
  readonly covers: (difference: Difference, outcome: Outcome) => boolean;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));
const messageOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'message' in body ? text(body.message) : '';
const twinSays = (outcome: Outcome): string => messageOf(outcome.twin.body);
const sameStatus = ({ ours, twin }: Outcome): boolean => ours.status === twin.status;

/** All differences of the steps whose name, without the kind, is in the list. */
const inSteps = (...names: readonly string[]): Intended['covers'] => {
  const all = new Set(names);
  return (_, { step }) => all.has(step.name.slice(step.kind.kind.length + 1));
};
const isMessage = ({ path }: Difference): boolean =>
  /^body\.(message|details\.causes\[\d+\]\.message)$/.test(path);

export const INTENDED: readonly Intended[] = [
  {
    reason: "What cannot be read is told by the place it is at, not in the words of Go's decoders and types.",
    covers: (difference, outcome) =>
      difference.path === 'body.message' &&
      sameStatus(outcome) &&
      outcome.ours.status === 400 &&
      /json: |JSON|unrecognized|yaml|YAML|strconv\.|parsing time|invalid object type|scheme|API version in the data \(\)|base64|encoded version/.test(
        twinSays(outcome),
      ),
  },
  {
    reason: 'A mistake of the client is answered as one, not as an internal error or with a torn connection.',
    covers: (_, { ours, twin }) => (twin.status === 500 || twin.status === 0) && ours.status < 500,
  },
  {
    reason: 'A failed apply says with a reason that it is an internal error, and shows values as JSON.',
    covers: ({ path }, { ours, twin }) =>
      ours.status === 500 && twin.status === 500 && /^(body\.(reason|message)|headers\.warning)/.test(path),
  },
  {
    reason: 'A patch that does not fit says where; kube-apiserver says that something is wrong.',
    covers: ({ path }, outcome) =>
      outcome.ours.status === 422 &&
      /^body\.(message|reason|details)/.test(path) &&
      twinSays(outcome).startsWith('the server rejected our request due to an error'),
  },
  {
    reason:
      'A refused patch names the object and does not repeat it: it may hold secrets. C93 asks for 400 where it changes the kind.',
    covers: (_, outcome) => twinSays(outcome).startsWith(' "" is invalid: patch:'),
  },
  {
    reason:
      'C93: a body of another kind or version is 400. kube-apiserver says 400 for its own kinds and 422 for custom ones.',
    covers: (_, { ours, twin }) =>
      ours.status === 400 &&
      twin.status === 422 &&
      /does not match the expected/.test(messageOf(ours.body)) &&
      /(kind|apiVersion): Invalid value: "[^"]*": must be/.test(messageOf(twin.body)),
  },
  {
    reason: 'A field of status is named by its whole path, also where status is validated by itself.',
    covers: (difference) =>
      isMessage(difference) &&
      text(difference.ours).replaceAll(/: status(?:\.(\S+))?( in body)/g, ': $1$2') === text(difference.twin),
  },
  {
    reason:
      'A number of the wrong type is one problem of one field; kube-apiserver adds others that name no field.',
    covers: ({ path }, outcome) =>
      sameStatus(outcome) && /^body\.(message|details)/.test(path) && isNumberTrouble(outcome),
  },
  {
    reason: 'Quantities are checked as such; a CustomResourceDefinition only knows integers and strings.',
    covers: (_, { ours, twin }) =>
      /quantit/.test(text(ours.body)) ||
      (/must validate at least one schema/.test(text(twin.body)) && ours.status === 422),
  },
  {
    reason: 'Text that is too long is not looked at any further, and values are cut in messages.',
    covers: ({ path }, outcome) =>
      sameStatus(outcome) && /^body\.(message|details)/.test(path) && outcome.step.name.endsWith(' long'),
  },
  {
    reason:
      'Checks of our kinds beyond their schema: cron expressions, time zones, reserved words, references, steps.',
    covers: (_, { step, ours }) => / bad value /.test(step.name) && hasOwnCause(ours.body),
  },
  {
    reason: 'Integers beyond 2^53 and numbers beyond a double are refused (C111), never rounded.',
    covers: (_, { ours }) => /cannot be stored without loss/.test(text(ours.body)),
  },
  {
    reason:
      'Our kinds are not served in protobuf, so it is in no list of types and no clause of it is taken.',
    covers: ({ path }, { twin }) =>
      /application\/vnd\.kubernetes\.protobuf/.test(twinText(twin)) &&
      /^(headers\.content-type|body)/.test(path),
  },
  {
    reason: 'Finalizers need a domain (C108) and are a set.',
    covers: (_, { ours }) =>
      /metadata\.finalizers\[\d+\]: (Invalid|Duplicate) value/.test(messageOf(ours.body)),
  },
  {
    reason: 'Unknown paths and methods are 404 and 405 with a Status, as for every kind of ours.',
    covers: inSteps(
      'create: on a name',
      'create: on an unknown subresource',
      'create: in all namespaces',
      'update: the collection',
      'update: an unknown subresource',
      'update: scale, which is not there',
      'update: a path below status',
      'update: OPTIONS of the collection',
      'update: OPTIONS of the group and version',
      'update: a method that is none',
      'update: merges the collection',
      'apply: bad: the collection',
      'delete: many: cluster-scoped inside a namespace',
      'read: cluster-scoped inside a namespace',
      'read: one cluster-scoped inside a namespace',
      'read: one without its namespace',
      'delete: many: in all namespaces',
      'scale: POST',
      'scale: DELETE',
      'scale: read a part of it',
    ),
  },
  {
    reason: 'A second YAML document and a repeated key are told like everything else that would be lost.',
    covers: inSteps(
      'create: type application/yaml for application/json, */*',
      'create: type application/yaml for application/yaml',
      'apply: bad: YAML with a key twice',
      'form: text with another behind it',
    ),
  },
  {
    reason:
      'NEL, LS and PS are text: only a parser of our own could take them for ends of lines, as YAML 1.1 does.',
    covers: inSteps(
      'form: text with NEL in quotes',
      'form: text with NEL in a word',
      'form: text with LS in a word',
    ),
  },
  {
    reason: 'Octets in base64 that are not UTF-8 are refused; kube-apiserver replaces them.',
    covers: inSteps('form: text with base64 that is no text'),
  },
  {
    reason:
      'What JSON escapes is read alike in YAML, of which it is a part; kube-apiserver refuses even whole pairs there.',
    covers: inSteps('create: half a surrogate pair, YAML', 'create: half a surrogate pair, applied'),
  },
  {
    reason: 'RFC 6902: replace needs a value and a target that is there, and a patch is a list.',
    covers: inSteps(
      'patch: replace without a value',
      'patch: bad replace of what is not there',
      'patch: bad null',
    ),
  },
  {
    reason: 'C100: an operation that makes no sense is malformed, so 400; kube-apiserver says 422.',
    covers: inSteps(
      'patch: bad operation that is none',
      'patch: bad without op',
      'patch: bad without path',
      'patch: bad path without a slash',
      'patch: the whole object by a text',
    ),
  },
  {
    reason:
      'Owners stay when a status cannot be read or another version is named: it is dropped, they are not.',
    covers: inSteps(
      'create: status a text',
      'create: status of wrong types',
      'create: managedFields of another version',
    ),
  },
  {
    reason:
      'managedFields: [] clears them as for the kinds of Kubernetes itself; for custom ones it is ignored.',
    covers: ({ path }, { step }) =>
      /managedFields empty|managed fields$/.test(step.name) && path.startsWith('body.metadata.managedFields'),
  },
  {
    reason: 'A label or annotation of null is absent, not empty.',
    covers: inSteps('create: label null', 'form: word ~', 'form: word null', 'form: word Null'),
  },
  {
    reason: 'A name that is taken is told first: then nothing else of the object matters.',
    covers: inSteps('create: under a name that is taken, and wrong'),
  },
  {
    reason: 'A dry run is refused where the real request would be.',
    covers: inSteps('create: resourceVersion'),
  },
  {
    reason: 'selfLink is dropped; a grace period on a living object as well.',
    covers: inSteps('update: selfLink', 'update: deletionGracePeriodSeconds'),
  },
  {
    reason: 'Duplicate owners: our own words.',
    covers: ({ path }, { step }) =>
      step.name.endsWith('create: owner twice') && path === 'headers.warning[0]',
  },
  {
    reason: 'The warning about the root fields of a kind that is not known says nothing.',
    covers: ({ path }, { step }) =>
      step.name.endsWith('create: of another version') && path.startsWith('headers.warning'),
  },
  {
    reason:
      'Problems are in the order of the document; kube-apiserver goes through maps in the order of their keys.',
    covers: ({ path }, outcome) => sameStatus(outcome) && path === 'body.message' && sameWords(outcome),
  },
  {
    reason: 'A conflict of uids does not tell keys of the store.',
    covers: ({ path }, outcome) => path === 'body.message' && /StorageError/.test(twinSays(outcome)),
  },
  {
    reason:
      'Whoever takes the last finalizer away is told the version of the deletion, which is that of its event.',
    covers: ({ path, ours }, { step }) =>
      path.endsWith('resourceVersion') &&
      (/loses its finalizer|no finalizer$/.test(step.name) || /watch:/.test(step.name)) &&
      text(ours).startsWith('rv 1 of "'),
  },
  {
    reason:
      'A bookmark comes just before a watch ends, and one that ends the initial events only where those were asked for. kube-apiserver sends one now and then.',
    covers: ({ path, ours, twin }) =>
      (twin === undefined && /"BOOKMARK"/.test(text(ours))) ||
      (ours === undefined &&
        /"BOOKMARK"/.test(text(twin)) &&
        !/initial-events-end/.test(text(twin)) &&
        /^body\[\d+\]$/.test(path)) ||
      (/^body\[\d+\]\.object\.metadata\.annotations$/.test(path) &&
        ours === undefined &&
        /initial-events-end/.test(text(twin))),
  },
  {
    reason: 'Our history is longer: a watch from version 1 still has its events.',
    covers: inSteps('watch: asked with resourceVersion=1'),
  },
  {
    reason: 'A negative grace period is refused; kube-apiserver makes a second of it.',
    covers: inSteps('delete: negative grace'),
  },
  {
    reason: 'The last applied configuration says the namespace the request names.',
    covers: ({ path }) => path.endsWith('last-applied-configuration.metadata.namespace'),
  },
  {
    reason: 'A watch knows no continue.',
    covers: inSteps('watch: asked with continue=x&labelSelector=watched'),
  },
  {
    reason: 'A page stays a page at version 0.',
    covers: inSteps('read: second page at version 0'),
  },
  {
    reason:
      'Cells that count or join fields are made by functions; a CustomResourceDefinition has paths only.',
    covers: ({ path }, { step }) => {
      const [, cell] = /\.rows\[\d+\]\.cells\[(\d+)\]$/.exec(path) ?? [];
      return cell !== undefined && computedCells(step.kind).has(Number(cell));
    },
  },
  {
    reason: 'Columns are described in our own words or not at all, never by their path.',
    covers: ({ path, ours, twin }) =>
      path.endsWith('columnDefinitions[0].description') ||
      (/columnDefinitions\[\d+\]\.description$/.test(path) &&
        ours === '' &&
        text(twin).startsWith('Custom resource definition column (in JSONPath format): ')),
  },
  {
    reason: 'A list of no metadata is an empty list, not null.',
    covers: ({ path, ours, twin }) =>
      path === 'body.items' && Array.isArray(ours) && ours.length === 0 && twin === undefined,
  },
  {
    reason: 'Media types are compared without regard to case, and what has a quality of 0 is not acceptable.',
    covers: inSteps(
      'form: accepts Application/JSON',
      'form: watch accepts Application/JSON',
      'form: accepts application/json;q=0',
      'form: watch accepts application/json;q=0',
    ),
  },
  {
    reason:
      'Sets of owned fields of native kinds name the structs they are in, as those of custom resources do.',
    covers: ({ path, ours, twin }, { step }) =>
      step.kind.origin === 'native' &&
      /\.fieldsV1\..*\.\.$/.test(path) &&
      text(ours) === '{}' &&
      twin === undefined,
  },
  {
    reason: 'An empty text that a native kind always has is owned by whoever made the object.',
    covers: ({ path, twin }, { step }) =>
      step.kind.kind === 'StatefulSet' && path.endsWith('.f:spec.f:serviceName') && twin === undefined,
  },
  {
    reason: 'Whoever scales owns what he wrote since then; kube-apiserver does not say when.',
    covers: ({ path, twin }, { step }) =>
      step.kind.origin === 'native' && /\.managedFields\[\d+\]\.time$/.test(path) && twin === undefined,
  },
  {
    reason: 'The table of a Scale is made like all others.',
    covers: ({ path }, { step }) =>
      step.kind.origin === 'native' && /columnDefinitions\[\d+\]\.(type|format|description)$/.test(path),
  },
  {
    reason: 'null is no object, so it has no name to miss.',
    covers: inSteps('scale: null'),
  },
  {
    reason: 'A patch of a type that is none is told which there are.',
    covers: inSteps('scale: merge of no known type'),
  },
  {
    reason: 'A conflict names the object, not the subresource it was found through.',
    covers: ({ path }, outcome) =>
      sameStatus(outcome) &&
      outcome.ours.status === 409 &&
      /^body\.(message|details\.kind)$/.test(path) &&
      /\/scale\b/.test(twinSays(outcome)),
  },
  {
    reason: 'A watch is in the first form asked for that can be streamed, whatever was preferred to it.',
    covers: inSteps('form: watch accepts application/json;q=0.1, application/yaml'),
  },
  {
    reason:
      'A watch for a list of metadata shows the metadata of each object; kube-apiserver ends without a word.',
    covers: inSteps('watch: metadata of a list'),
  },
  {
    reason: 'Go types are not named.',
    covers: (difference, outcome) =>
      difference.path === 'body.message' && / \(\*(unstructured|autoscaling)\.\w+\)$/.test(twinSays(outcome)),
  },
];

const twinText = ({ headers, body }: Outcome['twin']): string =>
  `${text(headers['content-type'])} ${text(body)}`;

const isNumberTrouble = ({ ours, twin }: Outcome): boolean =>
  /must be of type (integer|number|int32|int64|date-time): |Checked value must be/.test(text(twin.body)) &&
  /must be of type (integer|string): |Checked value must be/.test(text(ours.body));

/** The same causes in the same number: only their order in the message differs. */
function sameWords({ ours, twin }: Outcome): boolean {
  const sorted = (body: unknown): string =>
    messageOf(body)
      .split(/, (?=metadata\.|spec\.|status\.)|[[\]]/)
      .toSorted()
      .join();
  return sorted(ours.body) === sorted(twin.body);
}

function hasOwnCause(body: unknown): boolean {
  return /not found|reserved for the services|must be one of the steps|time zone|cron|not a |takes the version of the data plane|no step has this id|dependencies\[0\]/.test(
    messageOf(body),
  );
}

/** The differences that no entry covers, and which entries covered any. */
export function judge(outcomes: readonly Outcome[]): {
  readonly faults: readonly { readonly outcome: Outcome; readonly differences: readonly Difference[] }[];
  readonly used: ReadonlySet<Intended>;
} {
  const used = new Set<Intended>();
  const faults = outcomes.flatMap((outcome) => {
    const differences = outcome.differences.filter((difference) => {
      const entry = INTENDED.find(({ covers }) => covers(difference, outcome));
      if (entry !== undefined) used.add(entry);
      return entry === undefined;
    });
    return differences.length === 0 ? [] : [{ outcome, differences }];
  });
  return { faults, used };
}
