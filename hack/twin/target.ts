/** Sends the steps of the script to one server and remembers what later steps ask for. */
import type { Kind } from '../../apiserver/api/kind.ts';
import { fill, pathOf, TWIN_GROUP, type Kept, type Step } from './step.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface Target {
  /** Group in which this server serves the kind; that of Kubernetes for a native one. */
  groupOf(kind: Kind): string;
  send(request: Request): Promise<Answer>;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Player {
  /** Answers have the twin's group in place of the server's own. */
  play(step: Step): Promise<Answer>;
}

export function createPlayer(target: Target): Player {
  const kept = new Map<string, Kept>();
  return {
    play: async (step) => {
      const group = target.groupOf(step.kind);
      const isOwn = step.kind.origin === 'own';
      const local = (text: string): string => {
        const filled = fill(text, kept);
        return isOwn ? filled.replaceAll(TWIN_GROUP, group) : filled;
      };
      const { body, type } = step;
      const answer = await target.send({
        method: step.method,
        path: local(pathOf(step, group)),
        headers: {
          'user-agent': 'twin/1.0',
          ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
          ...step.headers,
        },
        body: body === undefined ? undefined : local(typeof body === 'string' ? body : JSON.stringify(body)),
      });
      if (step.keep !== undefined) kept.set(step.keep, remember(answer.text));
      return { ...answer, text: isOwn ? answer.text.replaceAll(group, TWIN_GROUP) : answer.text };
    },
  };
}

function remember(text: string): Kept {
  const { metadata = {} } = JSON.parse(text) as { metadata?: Readonly<Record<string, string | undefined>> };
  return {
    rv: metadata['resourceVersion'] ?? '',
    uid: metadata['uid'] ?? '',
    continue: metadata['continue'] ?? '',
  };
}
