/** v1 Event. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, obj, opt, time, type OptionalNode } from '../../api/schema.ts';
import { objectReference, text, type ObjectReference } from './fields.ts';

const microTime = (description: string): OptionalNode<string> => opt(time(description));

export const Event = defineNative({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  doc: 'Something that happened to an object, kept for a while.',
  fields: {
    involvedObject: objectReference('Object it happened to.'),
    reason: opt(text('Machine-readable cause.')),
    message: opt(text('Explanation for people.')),
    source: opt(
      obj('Who noticed it.', {
        component: opt(text('Name of the component.')),
        host: opt(text('Node of the component.')),
      }),
    ),
    firstTimestamp: opt(time('When it first happened.')),
    lastTimestamp: opt(time('When it last happened.')),
    count: opt(int('How often it happened.')),
    type: opt(text('Normal or Warning.')),
    eventTime: microTime('When it happened, exactly.'),
    series: opt(
      obj('A row of equal events.', {
        count: opt(int('How often it happened.')),
        lastObservedTime: microTime('When it last happened.'),
      }),
    ),
    action: opt(text('What was done or failed.')),
    related: opt(objectReference('Another object that plays a part.')),
    reportingComponent: text('Controller that reports it.', { default: '' }),
    reportingInstance: text('Instance of the controller.', { default: '' }),
  },
  selectableFields: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source.component',
    'type',
  ],
  columns: [
    { name: 'Last Seen', type: 'date', absent: '<unknown>', cell: lastSeen },
    { name: 'Type', type: 'string', cell: (event) => event.type },
    { name: 'Reason', type: 'string', cell: (event) => event.reason },
    { name: 'Object', type: 'string', cell: (event) => objectText(event.involvedObject) },
    { name: 'Subobject', type: 'string', wide: true, cell: (event) => event.involvedObject.fieldPath },
    {
      name: 'Source',
      type: 'string',
      wide: true,
      cell: (event) =>
        [event.source?.component ?? event.reportingComponent, event.source?.host].filter(Boolean).join(', '),
    },
    { name: 'Message', type: 'string', cell: (event) => (event.message ?? '').trim() },
    {
      name: 'First Seen',
      type: 'date',
      absent: '<unknown>',
      wide: true,
      cell: (event) => event.firstTimestamp ?? event.eventTime,
    },
    { name: 'Count', type: 'integer', wide: true, cell: (event) => event.series?.count ?? event.count ?? 1 },
    { name: 'Name', type: 'string', wide: true, cell: (event) => event.metadata.name },
  ],
  completeColumns: true,
});
export type Event = ObjectFor<typeof Event>;

interface Seen {
  readonly series?: { readonly lastObservedTime?: string };
  readonly lastTimestamp?: string;
  readonly firstTimestamp?: string;
  readonly eventTime?: string;
}
/** source: kubernetes pkg/printers printEvent. */
function lastSeen(event: Seen): string | undefined {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.firstTimestamp ?? event.eventTime;
}

/** A cell: `deployment/web`, as one would type it. */
export const objectText = ({ kind = '', name = '' }: ObjectReference): string =>
  name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;
