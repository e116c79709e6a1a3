/**
 * Which field of a message has which number: the wire format that typed Kubernetes clients write, and kubectl from
 * 1.32 on. source: the published Kubernetes API, proto2 messages of k8s.io/api and k8s.io/apimachinery.
 *
 * One entry is `Message: field field ...`; the numbers count from 1. `7=field` goes on from 7. `field:Message` is a
 * message of that name. `field*` is a scalar that may be absent, so that its zero means zero; without the star
 * the zero value is written for absence. `+Message` stands for the fields of that message, put into this one.
 */
import { CORE } from './core.ts';
import { GROUPS, META } from './groups.ts';

export interface WireEntry {
  readonly field: string;
  /** Name of the message it holds, for fields that are messages with fields of their own. */
  readonly message: string | undefined;
  /** Zero is a value, not absence. */
  readonly keepsZero: boolean;
  /** The fields of the message belong to the message around it. */
  readonly inline: boolean;
}
export type WireMessage = ReadonlyMap<number, WireEntry>;

const TOKEN = /^(?:([0-9]+)=)?(\+?)(\w+)(\*?)(?::(\w+))?$/;

/** All messages by name. Throws on a table that does not follow its own notation. */
export function readTables(): ReadonlyMap<string, WireMessage> {
  const messages = new Map<string, WireMessage>();
  for (const entry of [META, CORE, GROUPS].flatMap((text) => text.trim().split(/\n(?! )/))) {
    const [name = '', rest = ''] = entry.split(/: ?/, 1).concat(entry.slice(entry.indexOf(':') + 1));
    messages.set(name, readMessage(rest.trim().split(/\s+/)));
  }
  return messages;
}

function readMessage(tokens: readonly string[]): WireMessage {
  const message = new Map<number, WireEntry>();
  let number = 0;
  for (const token of tokens) {
    const match = TOKEN.exec(token);
    if (match === null) throw new Error(`wire table: ${token}`);
    const [, jump, plus, field = '', star, type] = match;
    number = jump === undefined ? number + 1 : Number(jump);
    const inline = plus === '+';
    message.set(number, { field, message: inline ? field : type, keepsZero: star === '*', inline });
  }
  return message;
}
