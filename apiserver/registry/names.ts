/** Names the server makes from `metadata.generateName`. source: kubernetes/apiserver pkg/storage/names/generate.go. */
import { randomInt } from 'node:crypto';

/** No vowels and no look-alikes: generated names spell no words. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_BASE_LENGTH = 63 - SUFFIX_LENGTH;

/** Create is tried this often before a clash of generated names is given back. */
export const NAME_ATTEMPTS = 8;

export function generateName(base: string): string {
  let suffix = '';
  while (suffix.length < SUFFIX_LENGTH) suffix += ALPHABET[randomInt(ALPHABET.length)] ?? '';
  return base.slice(0, MAX_BASE_LENGTH) + suffix;
}
