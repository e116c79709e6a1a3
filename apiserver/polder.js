/**
 * Starts `main.ts`. Plain JavaScript on purpose: what it sets up has to be there before the first TypeScript file.
 * Node's compile cache is not switched on: it saves a tenth of a start and holds 5 MB for as long as the process lives.
 */
import { setFlagsFromString } from 'node:v8';
import { serveStripped } from './runtime/typescript.js';

// V8 would make the states of requests in the old generation, because those of the first ones lived long: there each
// one that is over keeps what it refers to alive until the next full collection, 5 % of all that requests allocate.
setFlagsFromString('--no-allocation-site-pretenuring');
serveStripped();
await import('./main.ts');
