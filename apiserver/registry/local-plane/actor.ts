/** Who the loops of the local plane are when they write. */
import { SYSTEM_NAMESPACE } from '../../api/identity.ts';
import type { Context, WriteOptions } from '../registry.ts';

const NAME = `system:serviceaccount:${SYSTEM_NAMESPACE}:local-plane`;

export const actor = (signal: AbortSignal): Context => ({
  user: {
    name: NAME,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${SYSTEM_NAMESPACE}`, 'system:authenticated'],
    extra: {},
  },
  signal,
  warn: () => undefined,
  annotate: () => undefined,
});

export const writeAs = (fieldManager: string): WriteOptions => ({
  dryRun: false,
  fieldManager,
  fieldValidation: 'Ignore',
});
