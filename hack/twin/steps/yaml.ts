/** POST of YAML: what a plain word means. */
import type { Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { writerFor, type Writer } from './writer.ts';

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
    ...texts(w),
  ];
}

/** What the text as a whole looks like. */
function texts(w: Writer): readonly Step[] {
  const { apiVersion, kind } = w.object('x');
  const spec = `spec: ${JSON.stringify(w.subject.least['spec'])}\n`;
  const head = `apiVersion: ${apiVersion as string}\nkind: ${kind as string}\nmetadata:\n  name: text\n`;
  const annotated = (value: string): string => `${head}  annotations:\n    a: ${value}\n${spec}`;
  const all: Readonly<Record<string, string>> = {
    'with a beginning behind it': `${head}${spec}---\n`,
    'with beginnings behind it': `${head}${spec}---\n---\n# nothing\n`,
    'with an end behind it': `${head}${spec}...\n`,
    'with nothing before it': `---\n---\n${head}${spec}`,
    'with another behind it': `${head}${spec}---\n${head}${spec}`,
    'with lines that end in CR LF': annotated('|\n      x\n      y').replaceAll('\n', '\r\n'),
    'with lines that end in CR': annotated('|\n      x\n      y').replaceAll('\n', '\r'),
    'with NEL in quotes': annotated('"x\u0085y"'),
    'with NEL in a word': annotated('x\u0085y'),
    'with LS in a word': annotated('x\u2028y'),
    'with NUL': annotated('"x\u0000"'),
    'with a control character': annotated('x\u0001'),
    'with DEL': annotated('x\u007f'),
    'with a control character in a comment': `# \u001b\n${head}${spec}`,
    'of version 1.1': `%YAML 1.1\n---\n${head}${spec}`,
    'of version 1.2': `%YAML 1.2\n---\n${head}${spec}`,
    'of version 1.3': `%YAML 1.3\n---\n${head}${spec}`,
    'with a directive that is none': `%MADE up\n---\n${head}${spec}`,
    'with a number beyond a double': annotated('1e400'),
    'with a number beyond a double as label': `${head}  labels: {a: -1e400, 1e400: b}\n${spec}`,
    'with base64': annotated('!!binary aGk='),
    'with base64 of two lines': annotated('!!binary |\n      aGVs\n      bG8='),
    'with base64 that is none': annotated('!!binary aGk'),
    'with base64 that is no text': annotated('!!binary /w=='),
  };
  return Object.entries(all).map(([name, body]) =>
    w.create(`text ${name}`, body, '?dryRun=All', { type: 'application/yaml' }),
  );
}
