import { AlarmType } from '@quorate/api';
import type { Replica } from '@quorate/core';
import { services } from '@quorate/wire';
import { fileDescriptors } from './file-descriptors';
import { MetricsRegistry } from './metrics-registry';

const ALARM_NAMES: Readonly<Record<number, string>> = { [AlarmType.NOSPACE]: 'NOSPACE', [AlarmType.CORRUPT]: 'CORRUPT' };

export interface MetricsIdentity {
  /** API level of etcd, as `3.6.x`. */
  readonly apiVersion: string;
  readonly productVersion: string;
}

/** etcd's metrics of one member by etcd's names, and our own. */
export function createMetrics(replica: Replica, identity: MetricsIdentity): MetricsRegistry {
  const metrics = new MetricsRegistry();
  addServer(metrics, replica, identity);
  addStore(metrics, replica);
  addDebugging(metrics, replica);
  addQuorate(metrics, replica);
  addProcess(metrics);
  return metrics;
}

function addServer(metrics: MetricsRegistry, replica: Replica, { apiVersion, productVersion }: MetricsIdentity): void {
  const { measures } = replica;
  metrics.gauge('etcd_server_has_leader', 'Whether or not a leader exists. 1 is existence, 0 is not.', () => (replica.leader === 0n ? 0 : 1));
  metrics.gauge('etcd_server_is_leader', 'Whether or not this member is a leader. 1 if is, 0 otherwise.', () => (replica.isLeader ? 1 : 0));
  metrics.gauge('etcd_server_is_learner', 'Whether or not this member is a learner. 1 if is, 0 otherwise.', () => (
    replica.raftStatus().confState.learners.includes(replica.readings().memberId) ? 1 : 0
  ));
  metrics.counter('etcd_server_leader_changes_seen_total', 'The number of leader changes seen.', () => measures.leaderChanges);
  metrics.gauge('etcd_server_proposals_committed_total', 'The total number of consensus proposals committed.', () => replica.readings().committedIndex);
  metrics.gauge('etcd_server_proposals_applied_total', 'The total number of consensus proposals applied.', () => replica.readings().appliedIndex);
  metrics.gauge('etcd_server_proposals_pending', 'The current number of pending proposals to commit.', () => replica.readings().proposalsPending);
  metrics.gauge('etcd_server_quota_backend_bytes', 'Current backend storage quota size in bytes.', () => replica.readings().quotaBytes);
  metrics.gauge('etcd_server_version', 'Which version is running. 1 for \'server_version\' label with current version.', () => (
    [{ labels: { server_version: apiVersion }, value: 1 }]
  ), ['server_version']);
  metrics.gauge('etcd_server_id', 'Server or member ID in hexadecimal format. 1 for \'server_id\' label with current ID.', () => (
    [{ labels: { server_id: replica.readings().memberId.toString(16) }, value: 1 }]
  ), ['server_id']);
  metrics.gauge('etcd_cluster_version', 'Which version is running. 1 for \'cluster_version\' label with current cluster version', () => {
    const { clusterVersion } = replica.readings();
    return clusterVersion === undefined ? [] : [{ labels: { cluster_version: clusterVersion.replace(/\.\d+$/, '') }, value: 1 }];
  }, ['cluster_version']);
  metrics.gauge('quorate_version', 'The version of Quorate that is running. 1 for the label with it.', () => (
    [{ labels: { version: productVersion }, value: 1 }]
  ), ['version']);
}

function addStore(metrics: MetricsRegistry, replica: Replica): void {
  const { measures } = replica;
  metrics.histogram('etcd_disk_wal_fsync_duration_seconds', 'The latency distributions of fsync called by WAL.', measures.walSync);
  metrics.histogram('etcd_disk_backend_commit_duration_seconds', 'The latency distributions of commit called by backend.', measures.storeCommit);
  metrics.gauge('etcd_mvcc_db_total_size_in_bytes', 'Total size of the underlying database physically allocated in bytes.', async () => (await replica.kv.status()).dbSizeBytes);
  metrics.gauge('etcd_mvcc_db_total_size_in_use_in_bytes', 'Total size of the underlying database logically in use in bytes.', () => replica.readings().storeBytes);
  metrics.counter('etcd_mvcc_put_total', 'Total number of puts seen by this member.', () => measures.puts);
  metrics.counter('etcd_mvcc_delete_total', 'Total number of deletes seen by this member.', () => measures.deletes);
  metrics.counter('etcd_mvcc_range_total', 'Total number of ranges seen by this member.', () => measures.ranges);
  metrics.counter('etcd_mvcc_txn_total', 'Total number of txns seen by this member.', () => measures.txns);
}

function addDebugging(metrics: MetricsRegistry, replica: Replica): void {
  const { measures } = replica;
  metrics.gauge('etcd_debugging_mvcc_keys_total', 'Total number of keys.', () => replica.readings().keyCount);
  metrics.gauge('etcd_debugging_mvcc_watcher_total', 'Total number of watchers.', () => replica.readings().watches.open);
  metrics.gauge('etcd_debugging_mvcc_watch_stream_total', 'Total number of watch streams.', () => metrics.countsOf(services.Watch.Watch.path).underWay);
  metrics.gauge('etcd_debugging_mvcc_slow_watcher_total', 'Total number of unsynced slow watchers.', () => replica.readings().watches.behind);
  metrics.gauge('etcd_debugging_mvcc_current_revision', 'The current revision of store.', () => replica.readings().currentRevision);
  metrics.gauge('etcd_debugging_mvcc_compact_revision', 'The revision of the last compaction in store.', () => replica.readings().compactedRevision);
  metrics.counter('etcd_debugging_mvcc_events_total', 'Total number of events sent by this member.', () => measures.events);
  metrics.counter('etcd_debugging_lease_granted_total', 'The total number of granted leases.', () => measures.leasesGranted);
  metrics.counter('etcd_debugging_lease_revoked_total', 'The total number of revoked leases.', () => measures.leasesRevoked);
  metrics.counter('etcd_debugging_lease_renewed_total', 'The number of renewed leases seen by the leader.', () => measures.leasesRenewed);
  metrics.gauge('etcd_debugging_server_alarms', 'Alarms for every member in cluster. 1 for \'server_id\' label with current ID. 2 for \'alarm_type\' label with type of this alarm', () => (
    replica.alarms().map(({ memberId, alarm }) => ({
      labels: { server_id: memberId.toString(16), alarm_type: ALARM_NAMES[alarm] ?? String(alarm) }, value: 1,
    }))
  ), ['server_id', 'alarm_type']);
}

function addQuorate(metrics: MetricsRegistry, replica: Replica): void {
  const { measures } = replica;
  metrics.counter('quorate_event_loop_stalls_total', 'Times that the main thread stood still for more than two heartbeats.', () => measures.stalls);
  metrics.gauge('quorate_event_loop_longest_stall_seconds', 'The longest of those times.', () => measures.longestStallMs / 1000);
  metrics.gauge('quorate_wal_room_bytes', 'Bytes that the log can take without waiting for the disk to reserve more.', () => replica.readings().walRoomBytes);
  metrics.gauge('quorate_wal_entries', 'Entries that the log keeps.', () => {
    const { walFirstIndex, walLastIndex } = replica.readings();
    return walLastIndex - walFirstIndex + 1;
  });
  metrics.gauge('quorate_store_pending_bytes', 'Bytes of applied effects that the store has not taken yet.', () => replica.readings().pendingBytes);
  metrics.gauge('quorate_watchers_behind', 'Watchers that catch up from history.', () => replica.readings().watches.behind);
  metrics.gauge('quorate_waiters', 'Proposals of this member that wait for their result.', () => replica.readings().proposalsPending);
  metrics.gauge('quorate_leases', 'Leases that exist.', () => replica.readings().leaseCount);
}

function addProcess(metrics: MetricsRegistry): void {
  if (fileDescriptors() === undefined) return;
  metrics.gauge('os_fd_used', 'The number of used file descriptors.', () => fileDescriptors()?.used ?? []);
  metrics.gauge('os_fd_limit', 'The file descriptor limit.', () => fileDescriptors()?.limit ?? []);
}
