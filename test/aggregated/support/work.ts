/** Clients at work on policies: each creates, reads, changes and deletes its own, and remembers what it was told. */
import type { Answer, Api } from '../../contract/support/api.ts';
import { dataPolicy } from '../../contract/support/server.ts';
import { until } from '../../support/until.ts';

export interface WorkOptions {
  /** What the names of its objects begin with. */
  readonly prefix: string;
  /** Asks again once when there was no answer, or 503, after this. Without it the first answer counts. */
  readonly beforeRetry?: () => Promise<void>;
}

export interface Work {
  /** Resolves when every client has done a few more rounds, or one of them has failed. */
  goesOn(): Promise<void>;
  /** Resolves when no request is under way any more. */
  end(): Promise<Result>;
}

export interface Result {
  readonly answered: number;
  readonly retried: number;
  /** Method, code and text of every answer that was not the wanted one. */
  readonly failed: readonly string[];
  /** Names of what was created, acknowledged and not deleted again. */
  readonly kept: ReadonlySet<string>;
}

interface Told {
  answered: number;
  retried: number;
  readonly failed: string[];
  readonly kept: Set<string>;
}

interface Step {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
  readonly wanted: number;
  /** Of the second try, when the first one was done although nobody heard of it. */
  readonly orElse?: number;
}

const CLIENTS = 8;
const MORE = 200;
/** One in so many is kept. */
const KEEP = 10;

/** `path`: of the policies of one namespace. */
export function startWork(api: Api, path: string, { prefix, beforeRetry }: WorkOptions): Work {
  const told: Told = { answered: 0, retried: 0, failed: [], kept: new Set() };
  let isOver = false;
  const ask = async (step: Step): Promise<boolean> => {
    let answer = await call(api, step);
    const isRetried = beforeRetry !== undefined && (answer === undefined || answer.status === 503);
    if (isRetried) {
      await beforeRetry();
      told.retried += 1;
      answer = await call(api, step);
    }
    told.answered += 1;
    const isGood = answer?.status === step.wanted || (isRetried && answer?.status === step.orElse);
    if (!isGood)
      told.failed.push(`${step.method} ${step.url}: ${answer?.status} ${answer?.text.slice(0, 300)}`);
    return isGood;
  };
  const client = async (who: number): Promise<void> => {
    for (let round = 0; !isOver; round += 1) {
      const name = `${prefix}-${who}-${round}`;
      if (!(await ask({ method: 'POST', url: path, body: dataPolicy(name), wanted: 201, orElse: 409 })))
        continue;
      told.kept.add(name);
      await ask({ method: 'GET', url: `${path}/${name}`, wanted: 200 });
      if (round % KEEP === 0) continue;
      const isGone = await ask({ method: 'DELETE', url: `${path}/${name}`, wanted: 200, orElse: 404 });
      if (isGone) told.kept.delete(name);
    }
  };
  const working = Promise.all(Array.from({ length: CLIENTS }, (_, who) => client(who)));
  return {
    goesOn: () => {
      const then = told.answered;
      return until('work goes on', () => told.answered > then + MORE || told.failed.length > 0);
    },
    end: async () => {
      isOver = true;
      await working;
      return told;
    },
  };
}

/** Undefined: the connection broke before there was an answer. */
async function call(api: Api, { method, url, body }: Step): Promise<Answer | undefined> {
  try {
    return await api.call(method, url, body === undefined ? {} : { body });
  } catch {
    return undefined;
  }
}
