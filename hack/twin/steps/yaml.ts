/** POST of YAML: what a plain word means. */
import type { Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { writerFor } from './writer.ts';

/** Annotations are texts: what YAML takes for something else is refused. */
export function yamlSteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'form');
  const words = [
    '.',
    '-.',
    '+.',
    '._',
    '-',
    '...',
    '0.0.1',
    '.5',
    '5.',
    '1e3',
    '0o7',
    '012',
    '08',
    '0b1',
    '0x1F',
    '1_000',
    '1:20',
    '1:99',
    '-1',
    '+1',
    '~',
    '=',
    '<<',
    'yes',
    'Yes',
    'YES',
    'yEs',
    'y',
    'N',
    'on',
    'oFF',
    'null',
    'Null',
    'nULL',
    'true',
    '.inf',
    '.Inf',
    '-.inf',
    '.nan',
    '2026-01-02',
    '2026-01-02T03:04:05Z',
    '!!str 5',
    '!!int "5"',
    '!x y',
    '"\\u00e4"',
    "'it''s'",
    'a #b',
    'a: b',
    '|\n      x\n      y',
    '>-\n      x\n      y',
    '[]',
    '&a b',
    '*a',
    '@a',
    '`a`',
    '%a',
    'a\tb',
  ];
  const { apiVersion, kind } = w.object('x');
  const spec = JSON.stringify(w.subject.least['spec']);
  const numbers = [
    '60',
    '+60',
    '0x3C',
    '0b111100',
    '074',
    '0o74',
    '6_0',
    '6_',
    '6e1',
    '6.0e1',
    '60.0',
    '60.',
    '1:00',
    '!!int "60"',
    '60.5',
    '-60',
  ];
  return [
    ...(kind === 'DataPlane' ? numbers : []).map((number) =>
      w.create(
        `number ${number}`,
        `apiVersion: ${apiVersion as string}\nkind: DataPlane\nmetadata: {name: word}\nspec: {intervals: {heartbeatSeconds: ${number}}}\n`,
        '?dryRun=All',
        { type: 'application/yaml' },
      ),
    ),
    ...words.map((word) => {
      const head = `apiVersion: ${apiVersion as string}\nkind: ${kind as string}\nmetadata:\n  name: word\n`;
      const body = `${head}  annotations:\n    a: ${word}\nspec: ${spec}\n`;
      return w.create(`word ${word}`, body, '?dryRun=All', { type: 'application/yaml' });
    }),
  ];
}
