/** `spec.sealed` holds a JWE: a plaintext put there by mistake would be stored for everybody to read. */
import { at, isObject } from '../../api/json.ts';
import { Credential } from '../../kinds/credential.ts';
import { NONE, type Rule } from './rule.ts';

export const sealedForm: Rule = {
  name: 'sealed-form',
  check: ({ kind, operation, subresource, object }) => {
    if (kind !== Credential || operation === 'DELETE' || subresource !== '') return NONE;
    const sealed = at(object, 'spec.sealed');
    if (sealed === undefined || (typeof sealed === 'string' && (isCompact(sealed) || isGeneral(sealed))))
      return NONE;
    const message =
      'Invalid value: "<redacted>": must be a JWE in compact or JSON serialisation; use stringData for values';
    return [{ code: 'SEALING', is: 'invalid', field: 'spec.sealed', reason: 'FieldValueInvalid', message }];
  },
};

const PART = /^[A-Za-z0-9_-]*$/;
const COMPACT_PARTS = 5;

/** source: RFC 7516 section 7.1. */
function isCompact(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === COMPACT_PARTS &&
    parts[0] !== '' &&
    parts[3] !== '' &&
    parts.every((part) => PART.test(part))
  );
}

/** source: RFC 7516 section 7.2. */
function isGeneral(text: string): boolean {
  let jwe: unknown;
  try {
    jwe = JSON.parse(text);
  } catch {
    return false;
  }
  if (!isObject(jwe)) return false;
  const encoded = ['protected', 'iv', 'ciphertext', 'tag'].every((key) => {
    const value = jwe[key];
    return typeof value === 'string' && value !== '' && PART.test(value);
  });
  return encoded && Object.keys(jwe).every((key) => MEMBERS.has(key));
}
const MEMBERS: ReadonlySet<string> = new Set(
  'protected unprotected header encrypted_key recipients iv ciphertext tag aad'.split(' '),
);
