/** events.k8s.io/v1 Event: the newer form of events. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, obj, opt, time } from '../../api/schema.ts';
import { objectText } from './event.ts';
import { objectReference, text } from './fields.ts';

export const EventsEvent = defineNative({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  doc: 'Something that happened to an object, kept for a while.',
  fields: {
    eventTime: opt(time('When it happened, exactly.')),
    series: opt(
      obj('A row of equal events.', {
        count: int('How often it happened.'),
        lastObservedTime: opt(time('When it last happened.')),
      }),
    ),
    reportingController: opt(text('Controller that reports it.')),
    reportingInstance: opt(text('Instance of the controller.')),
    action: opt(text('What was done or failed.')),
    reason: opt(text('Machine-readable cause.')),
    regarding: opt(objectReference('Object it happened to.')),
    related: opt(objectReference('Another object that plays a part.')),
    note: opt(text('Explanation for people.')),
    type: opt(text('Normal or Warning.')),
    deprecatedSource: opt(
      obj('Who noticed it, in the older form.', {
        component: opt(text('Name of the component.')),
        host: opt(text('Node of the component.')),
      }),
    ),
    deprecatedFirstTimestamp: opt(time('When it first happened, in the older form.')),
    deprecatedLastTimestamp: opt(time('When it last happened, in the older form.')),
    deprecatedCount: opt(int('How often it happened, in the older form.')),
  },
  selectableFields: [
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
    'reason',
    'reportingController',
    'type',
  ],
  columns: [
    {
      name: 'Last Seen',
      type: 'date',
      absent: '<unknown>',
      cell: (event) => event.series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? event.eventTime,
    },
    { name: 'Type', type: 'string', cell: (event) => event.type },
    { name: 'Reason', type: 'string', cell: (event) => event.reason },
    { name: 'Object', type: 'string', cell: (event) => objectText(event.regarding ?? {}) },
    { name: 'Subobject', type: 'string', wide: true, cell: (event) => event.regarding?.fieldPath },
    { name: 'Source', type: 'string', wide: true, cell: (event) => event.reportingController },
    { name: 'Message', type: 'string', cell: (event) => (event.note ?? '').trim() },
    {
      name: 'First Seen',
      type: 'date',
      absent: '<unknown>',
      wide: true,
      cell: (event) => event.deprecatedFirstTimestamp ?? event.eventTime,
    },
    {
      name: 'Count',
      type: 'integer',
      wide: true,
      cell: (event) => event.series?.count ?? event.deprecatedCount ?? 1,
    },
    { name: 'Name', type: 'string', wide: true, cell: (event) => event.metadata.name },
  ],
  completeColumns: true,
});
export type EventsEvent = ObjectFor<typeof EventsEvent>;
