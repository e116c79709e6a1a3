import { storeConformance } from './store.ts';
import { STORE_DRIVERS } from './store-drivers.ts';

for (const driver of STORE_DRIVERS) storeConformance(driver);
