/** The Kubernetes kinds that the embedded local plane serves. One line per kind. */
import type { Kind } from '../../api/kind.ts';

export const NATIVE_KINDS: readonly Kind[] = [];
