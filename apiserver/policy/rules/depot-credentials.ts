/** A Depot cannot use a read-only Credential for writing. */
import { at, isObject } from '../../api/json.ts';
import { Credential } from '../../kinds/credential.ts';
import { Depot } from '../../kinds/depot.ts';
import { NONE, type Rule } from './rule.ts';

export const depotCredentials: Rule = {
  name: 'depot-credentials',
  check: ({ kind, operation, subresource, namespace, object }, { lookup }) => {
    if (kind !== Depot || operation === 'DELETE' || subresource !== '') return NONE;
    const credentials = at(object, 'spec.credentials');
    if (!Array.isArray(credentials)) return NONE;
    return credentials.flatMap((entry: unknown, index) => {
      if (!isObject(entry) || entry['purpose'] !== 'rw') return [];
      const name = at(entry, 'ref.name');
      const credential = typeof name === 'string' ? lookup.find(Credential, namespace, name) : undefined;
      // What is missing or foreign is said by the rule about references.
      if (credential === undefined || at(credential, 'spec.acl') === 'rw') return [];
      return [
        {
          code: 'CRED_NOT_GRANTED',
          is: 'invalid',
          field: `spec.credentials[${index}].purpose`,
          reason: 'FieldValueInvalid',
          message: `Invalid value: "rw": Credential "${String(name)}" has acl "r"; use purpose scan or query, or a Credential with acl "rw"`,
        } as const,
      ];
    });
  },
};
