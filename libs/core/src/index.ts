export { type AutoCompaction } from './replica/auto-compactor';
export {
  type Backend, type BackendBatch, BackendFullError, type BackendSnapshot, type BackendState, type RevisionId,
  type RevisionRow, type StateRecord,
} from './ports/backend';
export { type Disk, type DiskFile } from './ports/disk';
export { type LogFields, type Logger } from './ports/logger';
export { type Scheduler } from './ports/scheduler';
export { Replica, type ReplicaPorts, type ReplicaState } from './replica/replica';
export { type ReplicaConfig } from './replica/replica-config';
