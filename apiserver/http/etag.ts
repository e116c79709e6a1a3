/** Conditional GET: whether the document the client has is still the current one. */

/** `etag` in quotes. source: RFC 9110 section 13.1.2; the comparison is weak. */
export function isFresh(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
