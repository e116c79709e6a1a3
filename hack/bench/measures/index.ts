/** Every measure, in the order it runs. */
import type { Measure } from '../measure.ts';
import { bareHttps } from './bare-https.ts';
import { create } from './create.ts';
import { get } from './get.ts';
import { list } from './list.ts';
import { patch } from './patch.ts';
import { restart } from './restart.ts';
import { storeAppend } from './store-append.ts';
import { watch } from './watch.ts';

export const MEASURES: readonly Measure[] = [
  bareHttps,
  storeAppend,
  get,
  list,
  create,
  patch,
  watch,
  restart,
];
