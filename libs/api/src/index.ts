export { type ByteString, byteStringOf, prefixEnd, textOf } from './byte-string';
export { type CancelTimer, type Clock, sleep } from './clock';
export { type Random } from './random';
export { type KeyValue, type ResponseHeader } from './key-value';
export {
  type Compare, type CompactRequest, type CompactResponse, CompareResult, CompareTarget, type DeleteRangeRequest,
  type DeleteRangeResponse, type PutRequest, type PutResponse, type RangeRequest, type RangeResponse, type RequestOp,
  type ResponseOp, SortOrder, SortTarget, type TxnRequest, type TxnResponse,
} from './kv-requests';
export {
  type LeaseGrantRequest, type LeaseGrantResponse, type LeaseKeepAliveResponse, type LeaseLeasesResponse,
  type LeaseRevokeResponse, type LeaseTimeToLiveRequest, type LeaseTimeToLiveResponse,
} from './lease-requests';
export { EventType, type Watch, type WatchBatch, type WatchEvent, WatchFilter, type WatchRequest } from './watch';
export {
  AlarmAction, type AlarmMember, type AlarmRequest, type AlarmResponse, AlarmType, type HashKvResponse,
  type HashResponse, type Member, type MemberListResponse, type SnapshotChunk, type StatusResponse,
} from './maintenance';
export { type CallContext, type KvApi, type MaintenanceApi } from './kv-api';
export { ApiError, ERROR_TABLE, type ErrorCode, GrpcCode, type Outcome } from './errors';
export {
  DEFAULT_QUOTA_BYTES, GRPC_OVERHEAD_BYTES, MAX_APPLY_BACKLOG_ENTRIES, MAX_LEASE_TTL_SECONDS, MAX_REQUEST_BYTES,
  MAX_TXN_OPS, minLeaseTtlSeconds, REQUEST_TIMEOUT_BASE_MS,
} from './limits';
export { validateDeleteRange, validatePut, validateRange, validateTxn } from './validate';
