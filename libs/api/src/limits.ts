/** Public limits, each with the reason for its value. Where etcd has the same limit, the value is etcd's default. */

/** `--max-request-bytes`: the largest proposal; keeps one entry from holding up the log. */
export const MAX_REQUEST_BYTES = 1.5 * 1024 * 1024;
/** What a gRPC message may be larger than the proposal in it (etcd: `grpcOverheadBytes`). */
export const GRPC_OVERHEAD_BYTES = 512 * 1024;
/** `--max-txn-ops`: per list of a transaction. */
export const MAX_TXN_OPS = 128;
/** `--quota-backend-bytes` when 0 is given. */
export const DEFAULT_QUOTA_BYTES = 2 * 1024 * 1024 * 1024;
/** Largest TTL of a lease, in seconds (etcd: `MaxLeaseTTL`); keeps deadlines in milliseconds exact. */
export const MAX_LEASE_TTL_SECONDS = 9_000_000_000;
/** Committed entries that wait for apply before proposals are refused with "too many requests" (etcd: `maxGapBetweenApplyAndCommitIndex`). */
export const MAX_APPLY_BACKLOG_ENTRIES = 5000;
/** Base of the request timeout; two election timeouts come on top (etcd: `ReqTimeout`). */
export const REQUEST_TIMEOUT_BASE_MS = 5000;

/** The smallest TTL granted, in whole seconds: one and a half election timeouts, rounded up (etcd: `minTTL`). */
export function minLeaseTtlSeconds(electionTimeoutMs: number): number {
  return Math.ceil((3 * electionTimeoutMs) / 2 / 1000);
}
