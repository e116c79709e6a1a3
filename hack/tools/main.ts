/** `npm run tools [-- name...]`: builds the Kubernetes programs that tests run and prints where each one is. */
import { buildTools, cannotBuild } from './build.ts';
import { findTool, missingTools } from './find.ts';
import { PROGRAMS } from './programs.ts';

async function main(): Promise<number> {
  const asked = process.argv.slice(2);
  const names =
    asked.length > 0 ? asked : PROGRAMS.filter((each) => !each.onRequest).map((each) => each.name);
  const known = PROGRAMS.map((each) => each.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`no program ${unknown.join(', ')}; there are ${known.join(', ')}`);
    return 2;
  }
  const missing = missingTools(names);
  const reason = missing.length === 0 ? undefined : cannotBuild();
  if (reason !== undefined) {
    console.error(`cannot build ${missing.map((each) => each.name).join(', ')}: ${reason}`);
    return 1;
  }
  await buildTools(missing, (line) => console.error(line));
  for (const name of names) console.log(findTool(name) ?? `${name}: missing`);
  return 0;
}

process.exitCode = await main();
