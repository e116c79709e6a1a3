/** Flags of how much of the audit log is kept, as kube-apiserver names them. */
import type { AuditRotation } from './runtime/audit-file.ts';
import type { Flags, Values } from './runtime/flags.ts';

export const AUDIT_FLAGS: Flags = {
  'audit-log-maxsize': {
    help: 'Megabytes after which the audit log is moved aside and begun anew; 0: never.',
    default: '100',
    range: [0, 1_000_000],
  },
  'audit-log-maxbackup': {
    help: 'Audit logs that are kept beside the current one, the newest; 0: all.',
    default: '10',
    range: [0, 1_000_000],
  },
};

const MEGABYTE = 1024 * 1024;

export const auditRotation = (values: Values): Omit<AuditRotation, 'now'> => ({
  maxBytes: Number(values['audit-log-maxsize']?.[0]) * MEGABYTE,
  maxBackups: Number(values['audit-log-maxbackup']?.[0]),
});
