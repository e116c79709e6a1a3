import { storeConformance } from './store.ts';
import { ETCD_DRIVER, STORE_DRIVERS } from './store-drivers.ts';

for (const driver of STORE_DRIVERS) if (driver !== ETCD_DRIVER) storeConformance(driver);
