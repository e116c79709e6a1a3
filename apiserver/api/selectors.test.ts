import assert from 'node:assert/strict';
import type { Selectors as RegistrySelectors } from '../registry/registry.ts';
import { NO_SELECTORS, parseFieldSelector, parseSelectors } from './selectors.ts';

const kind = { scope: 'Namespaced', selectableFields: ['spec.type'] } as const;
const labelsOf = (text: string): RegistrySelectors['labels'] => parseSelectors(kind, text, '').labels;
const message = (labels: string, fields = ''): string => {
  try {
    parseSelectors(kind, labels, fields);
  } catch (error) {
    assert.equal((error as { reason?: string }).reason, 'BadRequest');
    return (error as Error).message;
  }
  return 'accepted';
};

describe('label selectors', () => {
  it('match like upstream', () => {
    const cases: readonly (readonly [string, Record<string, string>, boolean])[] = [
      ['a=b', { a: 'b' }, true],
      ['a=b', { a: 'c' }, false],
      ['a==b,c!=d', { a: 'b' }, true],
      ['a=b,c!=d', { a: 'b', c: 'd' }, false],
      ['e in (f,g)', { e: 'g' }, true],
      ['e in (f,g)', {}, false],
      ['e notin (f,g)', {}, true],
      ['e notin (f,g)', { e: 'f' }, false],
      ['!h', {}, true],
      ['!h', { h: '' }, false],
      ['i', { i: '' }, true],
      ['a=', { a: '' }, true],
      ['a=,b', { a: '', b: '' }, true],
      ['e in ()', { e: '' }, true],
      ['e in (,f)', { e: '' }, true],
      ['n>5', { n: '10' }, true],
      ['n<5', { n: '10' }, false],
      ['n>5', { n: 'x' }, false],
      ['in in (in)', { in: 'in' }, true],
      [' x.io/k  =  v ', { 'x.io/k': 'v' }, true],
      ['constructor', {}, false],
      ['!constructor', {}, true],
      ['constructor=a', { constructor: 'a' } as unknown as Record<string, string>, true],
    ];
    for (const [selector, labels, expected] of cases) {
      assert.equal(labelsOf(selector)(labels), expected, `${selector} on ${JSON.stringify(labels)}`);
    }
  });

  it('refuse what cannot be read, in the words of kube-apiserver', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
      ['a=b,', "found '', expected: identifier after ','"],
      ['=a', "found '=', expected: !, identifier, or 'end of string'"],
      ['a=b c', "found 'c', expected: ',' or 'end of string'"],
      ['a in b', "unable to parse requirement: found 'b' expected: '('"],
      ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
      [
        'a>x',
        `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
      ],
      [
        'a=_',
        `unable to parse requirement: values[0][a]: Invalid value: "_": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
      ],
    ];
    for (const [selector, expected] of cases) assert.equal(message(selector), expected);
    assert.match(
      message('a/b/c=1'),
      /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": a valid label key /,
    );
  });
});

describe('field selectors', () => {
  it('read paths, operators and escaped values', () => {
    assert.deepEqual(parseFieldSelector('metadata.name=x,spec.type!=a\\,b\\=c\\\\,,metadata.namespace==n'), [
      { path: 'metadata.name', value: 'x', not: false },
      { path: 'metadata.namespace', value: 'n', not: false },
      { path: 'spec.type', value: 'a,b=c\\', not: true },
    ]);
    assert.deepEqual(parseFieldSelector('='), []);
  });

  it('refuse unknown fields and bad escapes', () => {
    assert.equal(message('', 'spec.other=1'), 'field label not supported: spec.other');
    assert.equal(
      message('', 'metadata.name'),
      "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
    );
    assert.equal(message('', 'spec.type=a\\x'), 'invalid field selector: invalid escape sequence: \\x');
    assert.equal(message('', 'spec.type=a=b'), 'invalid field selector: unescaped character in value: 61');
  });

  it('know metadata.namespace on namespaced kinds only', () => {
    assert.equal(message('', 'metadata.namespace=a'), 'accepted');
    assert.throws(
      () => parseSelectors({ scope: 'Cluster', selectableFields: [] }, '', 'metadata.namespace=a'),
      {
        message: 'field label not supported: metadata.namespace',
      },
    );
  });

  it('have the shape the registry takes, and say when no label was asked for', () => {
    const selectors: RegistrySelectors = parseSelectors(kind, '', 'spec.type=a');

    assert.equal(selectors.anyLabels, true);
    assert.equal(selectors.labels({ any: 'thing' }), true);
    assert.deepEqual(selectors.fields, [{ path: 'spec.type', value: 'a', not: false }]);
    assert.equal(parseSelectors(kind, '', ''), NO_SELECTORS);
  });
});
