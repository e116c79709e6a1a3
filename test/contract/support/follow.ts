/** A kubectl that keeps running, such as `get -w`: what it printed so far, and waiting for more. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Follow {
  /** Standard output once it matches; fails after 30 s or when kubectl ended without it. */
  until(wanted: RegExp): Promise<string>;
  /** Standard output so far. */
  output(): string;
  /** Standard output and the exit code at the end. */
  end(): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  stop(): void;
}

const DEADLINE_MS = 30_000;

export function followKubectl(kubeconfig: string, args: readonly string[], env = {}): Follow {
  const child = spawn('kubectl', [...args], {
    env: { ...process.env, KUBECONFIG: kubeconfig, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let hasEnded = false;
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    child.emit('polder-output');
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = new Promise<number>((resolve) =>
    child.once('close', (code) => {
      hasEnded = true;
      child.emit('polder-output');
      resolve(code ?? 1);
    }),
  );
  return {
    until: async (wanted) => {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      while (!wanted.test(stdout)) {
        const shown = `kubectl ${args.join(' ')}: ${wanted} was not printed:\n${stdout}${stderr}`;
        if (hasEnded) throw new Error(shown);
        await once(child, 'polder-output', { signal }).catch(() => {
          throw new Error(shown);
        });
      }
      return stdout;
    },
    output: () => stdout,
    end: async () => ({ code: await closed, stdout, stderr }),
    stop: () => void child.kill('SIGKILL'),
  };
}
