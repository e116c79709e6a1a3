/** Ranges of IP addresses as numbers, to find out how much several of them cover together. */
import { isIP } from 'node:net';

export interface AddressRange {
  /** Of an address: 32 or 128. */
  readonly bits: 32 | 128;
  readonly from: bigint;
  /** Exclusive. */
  readonly to: bigint;
}

const MAPPED = 0xffffn;
const MAPPED_PREFIX = 96;

/**
 * `10.1.0.0/16` or `2001:db8::/32`; undefined for anything else. As generous as Kubernetes: bits behind the prefix do
 * not matter, zeros may lead. IPv6 addresses that stand for IPv4 ones are those.
 * source: k8s.io/utils net.ParseCIDRSloppy.
 */
export function parseRange(cidr: string): AddressRange | undefined {
  const [, address = '', digits = ''] = /^([^/%]+)\/(\d{1,4})$/.exec(cidr) ?? [];
  const prefix = Number(digits);
  const v4 = parseV4(address);
  if (v4 !== undefined) return rangeOf(32, v4, prefix);
  if (isIP(address) !== 6) return undefined;
  const v6 = parseV6(address);
  return prefix >= MAPPED_PREFIX && v6 >> 32n === MAPPED
    ? rangeOf(32, v6 & 0xffff_ffffn, prefix - MAPPED_PREFIX)
    : rangeOf(128, v6, prefix);
}

function rangeOf(bits: 32 | 128, address: bigint, prefix: number): AddressRange | undefined {
  if (prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const from = (address / size) * size;
  return { bits, from, to: from + size };
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  const isSound = parts.length === 4 && parts.every((part) => /^\d{1,9}$/.test(part) && Number(part) < 256);
  return isSound ? parts.reduce((sum, part) => sum * 256n + BigInt(Number(part)), 0n) : undefined;
}

/** Of what is an IPv6 address. */
function parseV6(text: string): bigint {
  const [left = '', right] = text.split('::');
  const head = groups(left);
  const tail = right === undefined ? [] : groups(right);
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0n);
  return [...head, ...zeros, ...tail].reduce((sum, group) => sum * 65_536n + group, 0n);
}

function groups(text: string): readonly bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    const v4 = parseV4(group);
    return v4 === undefined ? [BigInt(`0x${group}`)] : [v4 >> 16n, v4 & 0xffffn];
  });
}

/** The parts of a range that none of the holes takes away. Holes of another family take nothing. */
export function without(range: AddressRange, holes: readonly AddressRange[]): readonly AddressRange[] {
  const left: AddressRange[] = [];
  let { from } = range;
  for (const hole of inOrder(holes.filter(({ bits }) => bits === range.bits))) {
    if (hole.from >= range.to) break;
    if (hole.from > from) left.push({ ...range, from, to: hole.from });
    if (hole.to > from) from = hole.to;
  }
  if (from < range.to) left.push({ ...range, from });
  return left;
}

/** Number of addresses of one family in any of the ranges. */
export function covered(ranges: readonly AddressRange[], bits: 32 | 128): bigint {
  let sum = 0n;
  let end = 0n;
  for (const { from, to } of inOrder(ranges.filter((range) => range.bits === bits))) {
    if (to <= end) continue;
    sum += to - (from > end ? from : end);
    end = to;
  }
  return sum;
}

const inOrder = (ranges: readonly AddressRange[]): readonly AddressRange[] =>
  ranges.toSorted((a, b) => (a.from < b.from ? -1 : Number(a.from > b.from)));
