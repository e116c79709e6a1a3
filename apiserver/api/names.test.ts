import assert from 'node:assert/strict';
import {
  label1035Problems,
  labelProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from './names.ts';

// The expected texts are what apimachinery v0.36.3 prints for the same input.
describe('names', () => {
  it('accepts what Kubernetes accepts', () => {
    assert.deepEqual(labelProblems('a-1'), []);
    assert.deepEqual(labelProblems('a'.repeat(63)), []);
    assert.deepEqual(subdomainProblems('a.b-c.1'), []);
    assert.deepEqual(label1035Problems('a1'), []);
    assert.deepEqual(qualifiedNameProblems('Example_1'), []);
    assert.deepEqual(qualifiedNameProblems('example.com/My.Name'), []);
    assert.deepEqual(labelValueProblems(''), []);
    assert.deepEqual(labelValueProblems('My_Value.1'), []);
    assert.deepEqual(pathSegmentProblems('system:node proxier'), []);
  });

  it('words complaints like kube-apiserver', () => {
    assert.deepEqual(labelProblems('a.b'), ['must not contain dots']);
    assert.deepEqual(labelProblems('A'), [
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    assert.deepEqual(labelProblems('a'.repeat(64)), ['must be no more than 63 characters']);
    assert.deepEqual(subdomainProblems('a..b'), [
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ]);
    assert.deepEqual(label1035Problems('1a'), [
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ]);
    assert.deepEqual(labelValueProblems('a'.repeat(64)), ['must be no more than 63 bytes']);
    assert.deepEqual(qualifiedNameProblems('/x'), ['prefix part must be non-empty']);
    assert.equal(qualifiedNameProblems('example.com/')[0], 'name part must be non-empty');
    assert.match(
      qualifiedNameProblems('Example.com/x')[0] ?? '',
      /^prefix part a lowercase RFC 1123 subdomain/,
    );
    assert.match(
      qualifiedNameProblems('a/b/c')[0] ?? '',
      / with an optional DNS subdomain prefix and '\/' \(e\.g\. 'example\.com\/MyName'\)$/,
    );
    assert.deepEqual(pathSegmentProblems('..'), ["may not be '..'"]);
    assert.deepEqual(pathSegmentProblems('a/b%'), ["may not contain '/'", "may not contain '%'"]);
  });

  it('measures bytes and stays quick on absurd input', () => {
    assert.deepEqual(labelValueProblems(`${'é'.repeat(32)}`).slice(0, 1), ['must be no more than 63 bytes']);
    assert.equal(subdomainProblems('a'.repeat(3_000_000)).length, 2);
  });
});
