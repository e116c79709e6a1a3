import { storeConformance } from './store.ts';
import { ETCD_DRIVER } from './store-drivers.ts';

storeConformance(ETCD_DRIVER);
