/** How volumes and claims say that they may be mounted. source: core/v1 PersistentVolumeAccessMode. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';

const SHORT: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** A cell. */
export const accessModesText = (given: readonly string[] | undefined): string =>
  (given ?? []).map((mode) => SHORT[mode] ?? mode).join(',');

/** source: core validation ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeSpec. */
export function checkAccessModes(given: readonly string[] = []): readonly Cause[] {
  if (given.length === 0) return [cause.required('spec.accessModes', 'at least 1 access mode is required')];
  return given
    .filter((mode) => !Object.hasOwn(SHORT, mode))
    .map((mode) => cause.notSupported('spec.accessModes', mode, Object.keys(SHORT)));
}

/** A cell. */
export const capacityText = (amounts: Readonly<Record<string, string | number>> | undefined): string =>
  String(amounts?.['storage'] ?? '');
