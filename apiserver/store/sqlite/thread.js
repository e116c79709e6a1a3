/**
 * Entry point of the writer's worker thread. Plain JavaScript on purpose: a thread does not inherit the compile
 * cache of its process, and with the cache on before the first TypeScript file is met it never loads the type
 * stripper (25 MB of memory and 50 ms).
 */
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

if (workerData.compileCache !== undefined) enableCompileCache(workerData.compileCache);
const { runWriter } = await import('./writer.ts');
runWriter(parentPort, workerData);
