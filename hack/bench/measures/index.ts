/** Every measure, in the order it runs. */
import type { Measure } from '../measure.ts';
import { bareHttps } from './bare-https.ts';
import { storeAppend } from './store-append.ts';

export const MEASURES: readonly Measure[] = [bareHttps, storeAppend];
