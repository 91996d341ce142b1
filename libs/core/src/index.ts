export { type AutoCompaction } from './replica/auto-compactor';
export {
  type Backend, type BackendBatch, BackendFullError, BackendInterruptedError, type BackendSnapshot, type BackendState,
  type RevisionId, type RevisionRow, type StateRecord,
} from './ports/backend';
export { type Disk, type DiskFile } from './ports/disk';
export { type LogFields, type Logger } from './ports/logger';
export { type Scheduler } from './ports/scheduler';
export { type RecoveredMember, recoverReplica, StoreMismatchError } from './replica/recover-replica';
export { Replica, type ReplicaPorts, type ReplicaState } from './replica/replica';
export { Durations, Measures, type Readings } from './replica/measures';
export { type ReplicaConfig } from './replica/replica-config';
export { type Applied, Machine, type MachineOptions, type StateHash } from './machine/machine';
export { type Command, type CommandBody, decodeCommand, encodeCommand } from './machine/command';
export { type MembershipChange } from './machine/membership-change';
export { Raft } from './raft/raft';
export { type RaftStatus } from './raft/status';
export { Role } from './raft/types';
export { DEFAULT_SEGMENT_BYTES, type Recovered, Wal, type WalBatch, type WalOptions } from './wal/wal';
export { WalCorruptError, WalFailedError, WalFullError, WalRangeError } from './wal/errors';
export { type SnapshotMark } from './wal/frame-writer';
export { crc32c } from './base/crc32c';
export { type InitialMembership } from './machine/state-records';
