export { SimBackend } from './sim-backend';
export { SimClock } from './sim-clock';
export { SeededRandom } from './seeded-random';
export { type DiskEvent, type DiskOperation, SimDisk, SimDiskError, type SimDiskOptions } from './sim-disk';
export { type SurvivalRate, type TearUnit } from './sim-inode';
