/** Every kind Polder stores or answers itself, in the order of `kubectl api-resources`. One line per kind. */
import type { Kind } from '../api/kind.ts';

export const KINDS: readonly Kind[] = [];
