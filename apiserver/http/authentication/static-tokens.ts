/** Bearer tokens from a file: one `token,user,uid,"group1,group2"` per line, as kube-apiserver's --token-auth-file. */
import { createHash } from 'node:crypto';
import type { UserInfo } from '../../api/identity.ts';
import { isComponentName } from '../../policy/subjects.ts';
import type { TokenAuthenticator } from './authenticator.ts';

const MIN_TOKEN_LENGTH = 8;

/** A line of the file is wrong; `message` names the line, never its content. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError';
}

/** `content` is the whole file. Throws `TokenFileError`. */
export function createStaticTokens(content: string): TokenAuthenticator {
  const users = new Map<string, UserInfo>();
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const { token, user } = readLine(line, index);
    if (users.has(hash(token))) throw problem(index, 'the token was given to somebody else above');
    users.set(hash(token), user);
  }
  return {
    name: 'static tokens',
    authenticate: (token) => {
      const user = users.get(hash(token));
      return user === undefined ? undefined : { user };
    },
  };
}

function readLine(line: string, index: number): { readonly token: string; readonly user: UserInfo } {
  const fields = splitLine(line).map((field) => field.trim());
  if (fields.length < 3 || fields.length > 4) {
    throw problem(index, 'must be token,user,uid[,"group1,group2"]');
  }
  const [token = '', name = '', uid = '', groups = ''] = fields;
  if (token.length < MIN_TOKEN_LENGTH) {
    throw problem(index, `the token is shorter than ${MIN_TOKEN_LENGTH} characters`);
  }
  if (name === '') throw problem(index, 'the user is empty');
  if (isComponentName(name)) throw problem(index, 'the user is the name of a component of Polder');
  const names = groups.split(',').map((group) => group.trim());
  return {
    token,
    user: {
      name,
      ...(uid === '' ? {} : { uid }),
      groups: names.filter((group) => group !== ''),
      extra: {},
    },
  };
}

/** Only hashes are kept, so that neither a heap dump nor a look-up's timing gives a token away. */
const hash = (token: string): string => createHash('sha256').update(token).digest('base64');

const problem = (index: number, why: string): TokenFileError =>
  new TokenFileError(`token file, line ${index + 1}: ${why}`);

/** Fields of one CSV line; a quoted field may hold commas, and `""` is a quote. source: RFC 4180 */
function splitLine(line: string): readonly string[] {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,"]*))(,|$)/y;
  for (;;) {
    const match = field.exec(line);
    if (match === null) return [];
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] !== ',') return fields;
  }
}
