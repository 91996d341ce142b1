export { DecodeError } from './protobuf/decode-error';
export { type Codec } from './protobuf/codec';
export { encodeKeyValue } from './protobuf/key-value';
export { ZERO_HEADER } from './protobuf/header';
export { MAX_MESSAGE_DEPTH } from './protobuf/reader';
export {
  type AuthenticateRequest, type AuthenticateResponse, type AuthRoleGetResponse, type AuthRoleGrantPermissionRequest,
  type AuthRoleRevokePermissionRequest, type AuthStatusResponse, type AuthUserAddRequest, type AuthUserChangePasswordRequest,
  type AuthUserGrantRoleRequest, type AuthUserListResponse, type AuthUserRevokeRoleRequest, type CampaignRequest,
  type CampaignResponse, DowngradeAction, type DowngradeInfo, type DowngradeRequest, type DowngradeResponse,
  type HashKvRequest, type HeaderOnly, type HealthCheckRequest, type HealthCheckResponse, type LeaderKey,
  type LeaderRequest, type LeaderResponse, type LeaseGrantReply, type LeaseId, type LockRequest, type LockResponse,
  type MemberAddRequest, type MemberAddResponse, type MemberId, type MemberListRequest, type MemberUpdateRequest,
  type MoveLeaderRequest, type Named, type NoFields, type Permission, PermissionType, type ProclaimRequest,
  type ResignRequest, type RoleNamed, type RolesResponse, ServingStatus, type StatusReply, type UnlockRequest,
  type WatchCreateRequest, type WatchStreamRequest, type WatchStreamResponse,
} from './protobuf/messages';
export { allMethods, type AnyMethod, methodByJsonPath, methodByPath, services, unknownMethodText } from './services';
export { type Method, type MethodKind } from './services.table';
export {
  type GrpcCall, type GrpcHandlers, type GrpcStream, type StreamHandler, type UnaryHandler,
} from './grpc/handler';
export { type GrpcStatus, GrpcStatusError, grpcStatusOf, httpStatusOf, streamDecodeStatus } from './grpc/status';
export { ACCEPTED_ENCODINGS, decompressMessage } from './grpc/compression';
export { frameMessage, type GrpcMessage, GrpcMessageReader } from './grpc/message-reader';
export { formatGrpcTimeout, parseGrpcTimeout } from './grpc/timeout';
export {
  decodeBinaryMetadata, decodeGrpcMessage, encodeBinaryMetadata, encodeGrpcMessage, isBinaryMetadata, isMetadataValue,
} from './grpc/metadata';
export { HttpDetector, type HttpVersion } from './http-detect';
export { decodeJson } from './json/json-decoder';
export { encodeJson } from './json/json-encoder';
export { JsonValueSplitter } from './json/value-splitter';
export {
  GATEWAY_METHOD_NOT_ALLOWED, GATEWAY_NOT_FOUND, gatewayDecodeStatus, gatewayError, gatewayErrorBody, gatewayStreamError,
  gatewayStreamResult,
} from './json/gateway';
export type { ConnectionCarrier, ConnectionEnd } from './http2/connection-state';
export { type GrpcConnection, GrpcServer, type GrpcServerOptions } from './http2/grpc-server';
export { Http2Counters } from './http2/counters';
export { DEFAULT_HTTP2_LIMITS, type Http2Limits } from './http2/limits';
export type { FilledBuffer } from './http2/output-buffer';
