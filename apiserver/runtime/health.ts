/**
 * /livez, /readyz and /healthz with named checks, as Kubernetes' probes and people expect them. They are answered
 * without credentials, so the reason of a failure goes to the log only.
 */
import type { Log } from './log.ts';

export interface HealthCheck {
  /** Lower case, with dashes. */
  readonly name: string;
  /** `live`: a restart would help. `ready`: traffic should stay away for now. */
  readonly probes: readonly ('live' | 'ready')[];
  /** Undefined when fine, else what is wrong. May throw; must not take long. */
  check(): Promise<string | undefined> | string | undefined;
}

export type Probe = 'livez' | 'readyz' | 'healthz';

export interface HealthAnswer {
  readonly code: number;
  readonly text: string;
}

export interface Health {
  all(probe: Probe, query: URLSearchParams | undefined): Promise<HealthAnswer>;
  /** Undefined: there is no such check. */
  one(probe: Probe, name: string): Promise<HealthAnswer | undefined>;
}

interface Outcome {
  readonly name: string;
  readonly state: 'ok' | 'failed' | 'excluded';
}

export function createHealth(checks: readonly HealthCheck[], log: Log): Health {
  const checksOf = (probe: Probe): readonly HealthCheck[] =>
    checks.filter((check) => check.probes.includes(probe === 'livez' ? 'live' : 'ready'));
  const judge = async (check: HealthCheck): Promise<Outcome> => {
    let why: string | undefined;
    try {
      why = await check.check();
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    if (why === undefined) return { name: check.name, state: 'ok' };
    log.info('health check failed', { check: check.name, why });
    return { name: check.name, state: 'failed' };
  };
  return {
    all: async (probe, query) => {
      const excluded = new Set(query?.getAll('exclude') ?? []);
      const judged = await Promise.all(
        checksOf(probe).map(async (check): Promise<Outcome> =>
          excluded.has(check.name) ? { name: check.name, state: 'excluded' } : judge(check),
        ),
      );
      const outcomes: readonly Outcome[] = [{ name: 'ping', state: 'ok' }, ...judged];
      const hasFailed = outcomes.some((outcome) => outcome.state === 'failed');
      if (!hasFailed && query?.has('verbose') !== true) return { code: 200, text: 'ok' };
      const lines = [...outcomes.map(line), `${probe} check ${hasFailed ? 'failed' : 'passed'}`];
      return { code: hasFailed ? 500 : 200, text: `${lines.join('\n')}\n` };
    },
    one: async (probe, name) => {
      if (name === 'ping') return { code: 200, text: 'ok' };
      const check = checksOf(probe).find((candidate) => candidate.name === name);
      if (check === undefined) return undefined;
      const outcome = await judge(check);
      return outcome.state === 'ok'
        ? { code: 200, text: 'ok' }
        : { code: 500, text: `internal server error: ${name} failed\n` };
    },
  };
}

function line({ name, state }: Outcome): string {
  switch (state) {
    case 'ok':
      return `[+]${name} ok`;
    case 'excluded':
      return `[+]${name} excluded: ok`;
    case 'failed':
      return `[-]${name} failed: reason withheld`;
  }
}
