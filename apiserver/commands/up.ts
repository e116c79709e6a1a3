/** `polder up`: the composition root of the embedded mode. Every program of Polder in one process. */
import { describeFlags, readFlags, type Flags } from '../runtime/flags.ts';
import { LEVELS } from '../runtime/log.ts';

export const UP_FLAGS: Flags = {
  'data-dir': { help: 'Directory of the store, keys and kubeconfig.', default: '.polder' },
  port: {
    help: 'Port on the loopback interface; 0 takes any free one.',
    default: '7443',
    range: [0, 65_535],
  },
  'log-level': { help: 'How much is logged.', default: 'info', oneOf: LEVELS },
  version: { help: 'Prints the version.', boolean: true },
  help: { help: 'Shows this text.', boolean: true },
};

export async function up(args: readonly string[]): Promise<number> {
  const values = readFlags(UP_FLAGS, args, process.env);
  if (values['help']?.[0] === 'true') {
    process.stdout.write(`usage: polder up [flags]\n\n${describeFlags(UP_FLAGS)}\n`);
    return 0;
  }
  return 0;
}
