/**
 * Entry point of the writer's worker thread. Plain JavaScript on purpose: a thread inherits neither the compile
 * cache nor the stripped sources of its process, and both have to be there before the first TypeScript file.
 */
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { serveStripped } from '../../runtime/typescript.js';

if (workerData.compileCache !== undefined) enableCompileCache(workerData.compileCache);
serveStripped();
const { runWriter } = await import('./writer.ts');
runWriter(parentPort, workerData);
