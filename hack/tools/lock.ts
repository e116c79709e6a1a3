/** One builder at a time per program, across processes: a lock file that names its holder. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

const LOOK_AGAIN_MS = 250;
/** No build takes this long: the holder's id means another process by now, or one of another machine. */
const STALE_MS = 2 * 3_600_000;

/**
 * Runs `work` while holding the lock file, waiting for its holder first. A lock whose holder is dead is taken over.
 * It saves double work and guards nothing: what is built is put in place by an atomic rename in any case.
 */
export async function withLock(file: string, waiting: () => void, work: () => Promise<void>): Promise<void> {
  let told = false;
  while (!take(file)) {
    if (isStale(file)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!told) waiting();
    told = true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  try {
    await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isStale(file: string): boolean {
  try {
    if (Date.now() - statSync(file).mtimeMs > STALE_MS) return true;
    const pid = Number(readFileSync(file, 'utf8'));
    // Empty: the holder has made the file and not yet written to it.
    return pid > 0 && !isAlive(pid);
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
