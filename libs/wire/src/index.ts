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
  type GrpcCall, GrpcError, type GrpcHandlers, type GrpcStatus, type GrpcStream, type StreamHandler, type UnaryHandler,
} from './grpc/handler';
