/**
 * Compares our server-side apply and managed updates with Kubernetes' own field manager on random histories.
 *
 *   cd hack/tools/oracle && go build -o <program> .
 *   node hack/tools/oracle/fuzz.ts <program> [tuples] [seed]
 *
 * Prints the seed, the first differences and the totals; exits 1 when there is a difference.
 */
import { compareWithOracle } from './compare.ts';

const [program = '', count = '20000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
console.log(`seed ${seed}`);
const { tuples, differences, outcomes, shown } = compareWithOracle(program, Number(count), Number(seed));
for (const line of shown) console.log(line);
console.log([...outcomes].map(([outcome, times]) => `${outcome}: ${times}`).join(', '));
console.log(`${tuples} tuples, ${differences} differences`);
process.exitCode = differences === 0 ? 0 : 1;
