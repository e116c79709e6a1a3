/** The path and query parameters of requests. */

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  in: 'query',
  type,
  description,
});

export const NAME: Parameter = {
  name: 'name',
  in: 'path',
  type: 'string',
  description: 'Name of the object.',
};
export const NAMESPACE: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'Namespace of the object.',
};
export const PRETTY = query('pretty', 'string', 'true: answer with indentation.');
export const RESOURCE_VERSION = query(
  'resourceVersion',
  'string',
  'How fresh the answer must be: unset for the newest, 0 for any, n for at least n.',
);
const DRY_RUN = query('dryRun', 'string', 'All: answer as if, but store nothing.');
const FIELD_MANAGER = query(
  'fieldManager',
  'string',
  'Who sets the fields; at most 128 printable characters.',
);
const FIELD_VALIDATION = query(
  'fieldValidation',
  'string',
  'What to do about unknown and duplicate fields: Ignore, Warn (default) or Strict.',
);
export const FORCE = query('force', 'boolean', 'Server-side apply only: take over fields that conflict.');

/** Parameters of everything that writes an object. */
export const WRITE: readonly Parameter[] = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];

export const LIST: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Watch only: send bookmarks.'),
  query('continue', 'string', 'Token of the next page, from the page before.'),
  query('fieldSelector', 'string', 'Only objects with these field values.'),
  query('labelSelector', 'string', 'Only objects with these labels.'),
  query('limit', 'integer', 'Most objects in one answer; continue with the token that comes with it.'),
  RESOURCE_VERSION,
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'Watch only: begin with the present state, closed by a bookmark.'),
  query('timeoutSeconds', 'integer', 'Longest duration of the call.'),
  query('watch', 'boolean', 'Stream changes instead of answering with a list.'),
];

export const DELETE: readonly Parameter[] = [
  DRY_RUN,
  query('gracePeriodSeconds', 'integer', 'Seconds the object may take to end; not negative.'),
  query('orphanDependents', 'boolean', 'Old form of propagationPolicy.'),
  query('propagationPolicy', 'string', 'What happens to dependents: Background, Foreground or Orphan.'),
];
