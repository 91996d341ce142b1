import type { ResponseHeader } from './key-value';
import type {
  CompactRequest, CompactResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse,
  RangeRequest, RangeResponse, TxnRequest, TxnResponse,
} from './kv-requests';
import type {
  LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveResponse, LeaseLeasesResponse, LeaseRevokeResponse,
  LeaseTimeToLiveRequest, LeaseTimeToLiveResponse,
} from './lease-requests';
import type {
  AlarmRequest, AlarmResponse, HashKvResponse, HashResponse, MemberListResponse, SnapshotChunk, StatusResponse,
} from './maintenance';
import type { Watch, WatchRequest } from './watch';

/** What travels beside a request. */
export interface CallContext {
  /** Aborted when the caller has gone or its deadline has passed; the outcome of a write is then unknown to it. */
  readonly signal?: AbortSignal;
  /** Refuse with "no leader" where the member knows none (etcd's `hasleader` metadata). */
  readonly requireLeader?: boolean;
}

/**
 * The store as everything above it sees it: implemented by the local replica and, over gRPC, by the SDK (against Quorate
 * or etcd). Every method rejects with `ApiError`, with etcd's own text where etcd has one.
 */
export interface KvApi {
  range(request: RangeRequest, context?: CallContext): Promise<RangeResponse>;
  put(request: PutRequest, context?: CallContext): Promise<PutResponse>;
  deleteRange(request: DeleteRangeRequest, context?: CallContext): Promise<DeleteRangeResponse>;
  txn(request: TxnRequest, context?: CallContext): Promise<TxnResponse>;
  compact(request: CompactRequest, context?: CallContext): Promise<CompactResponse>;

  leaseGrant(request: LeaseGrantRequest, context?: CallContext): Promise<LeaseGrantResponse>;
  leaseRevoke(id: bigint, context?: CallContext): Promise<LeaseRevokeResponse>;
  leaseKeepAlive(id: bigint, context?: CallContext): Promise<LeaseKeepAliveResponse>;
  leaseTimeToLive(request: LeaseTimeToLiveRequest, context?: CallContext): Promise<LeaseTimeToLiveResponse>;
  leaseLeases(context?: CallContext): Promise<LeaseLeasesResponse>;

  /** Resolves when the watch exists: changes after `createdRevision` will be seen. Rejects where the range is empty. */
  watch(request: WatchRequest, context?: CallContext): Promise<Watch>;

  status(context?: CallContext): Promise<StatusResponse>;
}

/** What operators ask of one member (`etcdserverpb.Maintenance` and `Cluster`). */
export interface MaintenanceApi {
  alarm(request: AlarmRequest, context?: CallContext): Promise<AlarmResponse>;
  defragment(context?: CallContext): Promise<void>;
  hash(context?: CallContext): Promise<HashResponse>;
  /** `revision` 0: at the present one. */
  hashKv(revision: number, context?: CallContext): Promise<HashKvResponse>;
  snapshot(context?: CallContext): AsyncIterable<SnapshotChunk>;
  moveLeader(targetId: bigint, context?: CallContext): Promise<void>;
  memberList(linearizable: boolean, context?: CallContext): Promise<MemberListResponse>;
  /** The header of an answer given now. */
  header(): ResponseHeader;
}
