/**
 * `npm run polder -- kubeconfig > file` puts npm's own two-line banner in front of the output, and no npm
 * setting short of hiding npm's errors as well removes it. `writeResult` writes over it.
 */
import { fstatSync, ftruncateSync, writeSync } from 'node:fs';

const STDOUT = 1;

/**
 * Writes a command's whole result to standard output. When that is a regular file that holds npm's banner and
 * nothing else, the result replaces the banner; anything else that is there stays in front of the result.
 */
export function writeResult(text: string): void {
  const banner = npmBanner();
  const stdout = fstatSync(STDOUT);
  if (banner === undefined || !stdout.isFile() || stdout.size < banner.min || stdout.size > banner.max) {
    process.stdout.write(text);
    return;
  }
  ftruncateSync(STDOUT, 0);
  const bytes = Buffer.from(text);
  // At an explicit position: the file offset shared with npm still stands behind the banner.
  for (let done = 0; done < bytes.length;) done += writeSync(STDOUT, bytes, done, bytes.length - done, done);
}

/** Size of what npm printed for this very run; npm versions differ in whether they quote the arguments. */
function npmBanner(): { readonly min: number; readonly max: number } | undefined {
  const { npm_lifecycle_event: event, npm_lifecycle_script: script } = process.env;
  const { npm_package_name: name, npm_package_version: version } = process.env;
  if (event === undefined || script === undefined || name === undefined || version === undefined)
    return undefined;
  const args = process.argv.slice(2);
  const min = Buffer.byteLength(`\n> ${name}@${version} ${event}\n> ${[script, ...args].join(' ')}\n\n`);
  return { min, max: min + 2 * args.length };
}
