/** gRPC status codes, by the names of the gRPC specification. */
export const GrpcCode = {
  OK: 0, CANCELLED: 1, UNKNOWN: 2, INVALID_ARGUMENT: 3, DEADLINE_EXCEEDED: 4, NOT_FOUND: 5, ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7, RESOURCE_EXHAUSTED: 8, FAILED_PRECONDITION: 9, ABORTED: 10, OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12, INTERNAL: 13, UNAVAILABLE: 14, DATA_LOSS: 15, UNAUTHENTICATED: 16,
} as const;
export type GrpcCode = (typeof GrpcCode)[keyof typeof GrpcCode];

interface ErrorRow {
  readonly grpc: GrpcCode;
  /** The exact text that etcd's clients compare with. */
  readonly text: string;
}

const row = (grpc: GrpcCode, text: string): ErrorRow => ({ grpc, text });
const C = GrpcCode;

/** Every refusal of the etcd API: our stable code, the gRPC status and etcd's own text (`rpctypes/error.go`, 3.6). */
export const ERROR_TABLE = {
  key_empty: row(C.INVALID_ARGUMENT, 'etcdserver: key is not provided'),
  key_unknown: row(C.INVALID_ARGUMENT, 'etcdserver: key not found'),
  value_given: row(C.INVALID_ARGUMENT, 'etcdserver: value is provided'),
  lease_given: row(C.INVALID_ARGUMENT, 'etcdserver: lease is provided'),
  txn_too_many_ops: row(C.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request'),
  txn_duplicate_key: row(C.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request'),
  client_api_version_invalid: row(C.INVALID_ARGUMENT, 'etcdserver: invalid client api version'),
  sort_option_invalid: row(C.INVALID_ARGUMENT, 'etcdserver: invalid sort option'),
  compacted: row(C.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'),
  future_revision: row(C.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision'),
  no_space: row(C.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'),
  lease_unknown: row(C.NOT_FOUND, 'etcdserver: requested lease not found'),
  lease_exists: row(C.FAILED_PRECONDITION, 'etcdserver: lease already exists'),
  lease_ttl_too_large: row(C.OUT_OF_RANGE, 'etcdserver: too large lease TTL'),
  watch_cancelled: row(C.CANCELLED, 'etcdserver: watch canceled'),
  member_exists: row(C.FAILED_PRECONDITION, 'etcdserver: member ID already exist'),
  peer_url_exists: row(C.FAILED_PRECONDITION, 'etcdserver: Peer URLs already exists'),
  members_not_started: row(C.UNKNOWN, 'etcdserver: re-configuration failed due to not enough started members'),
  member_urls_invalid: row(C.INVALID_ARGUMENT, 'etcdserver: given member URLs are invalid'),
  member_unknown: row(C.NOT_FOUND, 'etcdserver: member not found'),
  member_not_learner: row(C.FAILED_PRECONDITION, 'etcdserver: can only promote a learner member'),
  learner_not_ready: row(C.FAILED_PRECONDITION, 'etcdserver: can only promote a learner member which is in sync with leader'),
  too_many_learners: row(C.FAILED_PRECONDITION, 'etcdserver: too many learner members in cluster'),
  cluster_id_mismatch: row(C.FAILED_PRECONDITION, 'etcdserver: cluster ID mismatch'),
  request_too_large: row(C.INVALID_ARGUMENT, 'etcdserver: request is too large'),
  too_many_requests: row(C.UNKNOWN, 'etcdserver: too many requests'),
  root_user_missing: row(C.FAILED_PRECONDITION, 'etcdserver: root user does not exist'),
  root_role_missing: row(C.FAILED_PRECONDITION, 'etcdserver: root user does not have root role'),
  user_exists: row(C.FAILED_PRECONDITION, 'etcdserver: user name already exists'),
  user_empty: row(C.INVALID_ARGUMENT, 'etcdserver: user name is empty'),
  user_unknown: row(C.FAILED_PRECONDITION, 'etcdserver: user name not found'),
  role_exists: row(C.FAILED_PRECONDITION, 'etcdserver: role name already exists'),
  role_unknown: row(C.FAILED_PRECONDITION, 'etcdserver: role name not found'),
  role_empty: row(C.INVALID_ARGUMENT, 'etcdserver: role name is empty'),
  authentication_failed: row(C.INVALID_ARGUMENT, 'etcdserver: authentication failed, invalid user ID or password'),
  permission_not_given: row(C.INVALID_ARGUMENT, 'etcdserver: permission not given'),
  permission_denied: row(C.PERMISSION_DENIED, 'etcdserver: permission denied'),
  role_not_granted: row(C.FAILED_PRECONDITION, 'etcdserver: role is not granted to the user'),
  permission_not_granted: row(C.FAILED_PRECONDITION, 'etcdserver: permission is not granted to the role'),
  auth_not_enabled: row(C.FAILED_PRECONDITION, 'etcdserver: authentication is not enabled'),
  auth_token_invalid: row(C.UNAUTHENTICATED, 'etcdserver: invalid auth token'),
  auth_management_invalid: row(C.INVALID_ARGUMENT, 'etcdserver: invalid auth management'),
  auth_revision_old: row(C.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old'),
  no_leader: row(C.UNAVAILABLE, 'etcdserver: no leader'),
  not_leader: row(C.FAILED_PRECONDITION, 'etcdserver: not leader'),
  leader_changed: row(C.UNAVAILABLE, 'etcdserver: leader changed'),
  not_capable: row(C.FAILED_PRECONDITION, 'etcdserver: not capable'),
  stopped: row(C.UNAVAILABLE, 'etcdserver: server stopped'),
  timeout: row(C.UNAVAILABLE, 'etcdserver: request timed out'),
  timeout_leader_failure: row(C.UNAVAILABLE, 'etcdserver: request timed out, possibly due to previous leader failure'),
  timeout_connection_lost: row(C.UNAVAILABLE, 'etcdserver: request timed out, possibly due to connection lost'),
  timeout_applied_index: row(C.UNAVAILABLE, 'etcdserver: request timed out, waiting for the applied index took too long'),
  unhealthy: row(C.UNAVAILABLE, 'etcdserver: unhealthy cluster'),
  corrupt: row(C.DATA_LOSS, 'etcdserver: corrupt cluster'),
  not_supported_for_learner: row(C.FAILED_PRECONDITION, 'etcdserver: rpc not supported for learner'),
  transferee_bad: row(C.FAILED_PRECONDITION, 'etcdserver: bad leader transferee'),
  downgrade_version_format: row(C.INVALID_ARGUMENT, 'etcdserver: wrong downgrade target version format'),
  downgrade_version_invalid: row(C.INVALID_ARGUMENT, 'etcdserver: invalid downgrade target version'),
  downgrade_version_unavailable: row(C.FAILED_PRECONDITION, 'etcdserver: cluster version not found during downgrade'),
  downgrade_in_progress: row(C.FAILED_PRECONDITION, 'etcdserver: cluster has a downgrade job in progress'),
  downgrade_not_running: row(C.FAILED_PRECONDITION, 'etcdserver: no inflight downgrade job'),
  cancelled: row(C.CANCELLED, 'etcdserver: request canceled'),
  deadline_exceeded: row(C.DEADLINE_EXCEEDED, 'etcdserver: context deadline exceeded'),
  watch_range_empty: row(C.UNKNOWN, 'mvcc: watcher range is empty'),
  watch_id_duplicate: row(C.UNKNOWN, 'mvcc: duplicate watch ID provided on the WatchStream'),
  unreachable: row(C.UNAVAILABLE, 'no endpoint can be reached'),
  unimplemented: row(C.UNIMPLEMENTED, 'not implemented'),
  internal: row(C.INTERNAL, 'internal error'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** Whether a refused write may have happened all the same. */
export type Outcome = 'not_applied' | 'unknown';

const OUTCOME_UNKNOWN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'timeout', 'timeout_leader_failure', 'timeout_connection_lost', 'timeout_applied_index', 'cancelled',
  'deadline_exceeded', 'stopped', 'leader_changed', 'internal',
]);

/** A refusal with a place in the table. `message` is etcd's text unless a more telling one was given. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(readonly code: ErrorCode, message?: string) {
    super(message ?? ERROR_TABLE[code].text);
  }

  get grpcCode(): GrpcCode {
    return ERROR_TABLE[this.code].grpc;
  }

  get outcome(): Outcome {
    return OUTCOME_UNKNOWN.has(this.code) ? 'unknown' : 'not_applied';
  }
}
