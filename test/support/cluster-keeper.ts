/**
 * Makes sure that nothing a test starts outlives it. A shell holds the other end of a pipe and knows the process
 * ids; when the test process dies in any way, even by SIGKILL, the pipe closes and the shell kills and cleans up.
 */
import { spawn } from 'node:child_process';

export interface Keeper {
  /** From now on the process dies with this one. Throws after `close`. */
  watch(pid: number): void;
  /** The process has ended by itself; its id may soon be another's. */
  forget(pid: number): void;
  /** Kills what is left, removes the directory, and resolves when both is done. */
  close(): Promise<void>;
}

/** In a session of its own: Ctrl-C in the terminal must not end it before it has done its work. */
const SCRIPT = `
trap '' INT TERM HUP
alive=' '
while read -r verb pid; do
  case $verb in
    watch) alive="$alive$pid " ;;
    forget) alive="\${alive%% $pid *} \${alive#* $pid }" ;;
  esac
done
for pid in $alive; do kill -9 "$pid" 2>/dev/null; done
for try in 1 2 3 4 5; do rm -rf "$1" 2>/dev/null && exit 0; sleep 0.2; done
`;

/** @param directory removed at the end */
export function createKeeper(directory: string): Keeper {
  const shell = spawn('sh', ['-c', SCRIPT, 'keeper', directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  let isClosed = false;
  const ended = new Promise<void>((resolve) => shell.on('close', () => resolve()));
  return {
    watch: (pid) => {
      if (isClosed) throw new Error(`${directory} is closed, and with it all that ran there`);
      shell.stdin.write(`watch ${pid}\n`);
    },
    forget: (pid) => {
      if (!isClosed) shell.stdin.write(`forget ${pid}\n`);
    },
    close: () => {
      isClosed = true;
      shell.stdin.end();
      return ended;
    },
  };
}
