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
export {
  DEFAULT_NAMESPACE, isName, isNamePattern, matchesNamePattern, NAME_PATTERN, RESERVED_NAMES,
} from './platform/names';
export {
  type Change, CONFIG_FORMATS, type ConfigFormat, type ConfigItem, type ConfigKey, type ConfigRelease,
  type DeleteConfigResult, type Health, type Heartbeat, type Instance, type InstanceKey, type KvItem, type KvKey, type List,
  type Namespace, type PublishResult, type Registration, type ReleaseType, type Service, type Session, type TextEncoding,
} from './platform/shapes';
export {
  type ErrorBody, PLATFORM_ERROR_TABLE, PlatformError, type PlatformErrorCode, platformErrorOf,
} from './platform/errors';
export {
  ADDRESS_CHARS_MAX, COMMENT_CHARS_MAX, CONFIG_CONTENT_BYTES_MAX, CONFIG_ENCODED_BYTES_MAX, IDEMPOTENCY_KEY_PATTERN,
  IDEMPOTENCY_SECONDS_MIN, INSTANCE_TTL_SECONDS_DEFAULT, LIST_LIMIT_MAX, METADATA_ENTRIES_MAX, METADATA_KEY_CHARS_MAX,
  METADATA_VALUE_CHARS_MAX, PORTS_MAX, TAG_CHARS_MAX, TAGS_MAX, TTL_SECONDS_MAX, TTL_SECONDS_MIN, WAIT_REVISION_SECONDS,
  WAIT_SECONDS_MAX, WEIGHT_MAX,
} from './platform/limits';
export {
  type ChangeFrame, type ErrorFrame, type OkFrame, type PongFrame, type ResetFrame, type ServerFrame, type SnapshotFrame, WS_MODES,
  type WsMode,
} from './platform/ws-frames';
export { WS_CLIENT_FRAME_SCHEMA, WS_SERVER_FRAME_SCHEMA } from './platform/ws-frames.schema';
export { PLATFORM_SCHEMAS } from './platform/schemas';
