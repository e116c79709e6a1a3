/** Entry point of the writer's worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WriterOptions } from './messages.ts';
import { runWriter } from './writer.ts';

if (parentPort === null) throw new Error('this file is the entry point of a worker thread');
runWriter(parentPort, workerData as WriterOptions);
