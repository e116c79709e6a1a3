/** A list of everything, without an access decision: the loops of the local plane see all. */
import { NO_SELECTORS } from '../../api/selectors.ts';
import type { ListOptions } from '../registry.ts';

export const NO_SELECTION: ListOptions = {
  selectors: NO_SELECTORS,
  visibility: { all: true, allows: () => true, onChange: () => () => undefined },
  limit: 0,
  continue: '',
  resourceVersion: '',
  resourceVersionMatch: '',
};
