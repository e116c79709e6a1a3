/**
 * Cuts YAML into tokens and counts them. What the `yaml` package does costs about three microseconds a token, and
 * nothing else happens in the process meanwhile: so the number of tokens is what a body may have, not only of bytes.
 */
import { Lexer, Parser, type CST } from 'yaml';
import { ApiError, badRequest } from '../api/errors.ts';

export const MAX_DEPTH = 512;
/** A level is at most two open tokens, the document is one. */
const MAX_OPEN_TOKENS = 2 * MAX_DEPTH + 16;
/** Some 10,000 lines of an ordinary object. A text counts as two, however long it is. */
export const MAX_TOKENS = 100_000;
/** UTF-16 units of what the package says; it repeats what it does not like. */
const MAX_MESSAGE = 500;

export const notYaml = (why: string): ApiError =>
  badRequest(`the body is not valid YAML: ${why.slice(0, MAX_MESSAGE)}`);

export const tooDeep = (): ApiError => badRequest(`the body is nested deeper than ${MAX_DEPTH} levels`);

export const notAKey = (): ApiError =>
  badRequest('the body has a YAML key that is neither text nor a number');

const tooMany = (): ApiError =>
  new ApiError(
    'RequestEntityTooLarge',
    `Request entity too large: YAML is read up to ${MAX_TOKENS} tokens; send the same as JSON`,
  );

/**
 * Composing a document recurses, and takes seconds until it gives up where the nesting is megabytes deep. So the depth
 * is looked at while the text is cut into tokens, which does not recurse. Throws BadRequest at the first thing that
 * is out of place between documents, RequestEntityTooLarge above `MAX_TOKENS`: nothing is composed before.
 */
export function* tokensOf(text: string): Generator<CST.Token> {
  const parser = new Parser();
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if ((count += 1) > MAX_TOKENS) throw tooMany();
    if (lexeme === ':' && isClosedCollection(parser.stack.at(-1))) throw notAKey();
    for (const token of parser.next(lexeme)) yield wellPlaced(token);
    if (parser.stack.length > MAX_OPEN_TOKENS) throw tooDeep();
  }
  for (const token of parser.end()) yield wellPlaced(token);
}

/**
 * Right before a colon it is a key, which JSON cannot have. The package would search each for the ends of lines with
 * all that is inside, as often as they are nested.
 */
const isClosedCollection = (token: CST.Token | undefined): boolean =>
  token?.type === 'flow-collection' && token.end.length > 0;

function wellPlaced(token: CST.Token): CST.Token {
  if (token.type === 'error') throw notYaml(`${token.message}: ${JSON.stringify(token.source)}`);
  return token;
}
