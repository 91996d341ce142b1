import type {
  AlarmRequest, AlarmResponse, CompactRequest, CompactResponse, HashKvResponse, HashResponse, MemberListResponse, SnapshotChunk,
} from '@quorate/api';
import * as admin from './protobuf/admin.table';
import type { Codec } from './protobuf/codec';
import * as kv from './protobuf/kv-codecs';
import * as kvTable from './protobuf/kv.table';
import * as lease from './protobuf/lease-codecs';
import type * as m from './protobuf/messages';
import type { MessageSchema } from './protobuf/schema';
import { schemaCodec } from './protobuf/schema-codec';
import { TxnRequestCodec, TxnResponseCodec } from './protobuf/txn-codecs';
import { WatchRequestCodec, WatchResponseCodec } from './protobuf/watch-codecs';

export type MethodKind = 'unary' | 'serverStreaming' | 'clientStreaming' | 'bidi';

/** One method of one gRPC service. */
export interface Method<Request = unknown, Response = unknown> {
  /** `etcdserverpb.KV` */
  readonly service: string;
  /** `Range` */
  readonly name: string;
  /** As in the HTTP/2 `:path`: `/etcdserverpb.KV/Range`. */
  readonly path: string;
  readonly kind: MethodKind;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  /** Where the JSON gateway has it, all of them POST; the first is the one documented. Empty: not in the gateway. */
  readonly jsonPaths: readonly string[];
}

type Row<Request, Response> = Omit<Method<Request, Response>, 'service' | 'name' | 'path'>;

function unary<Request, Response>(request: Codec<Request>, response: Codec<Response>, ...jsonPaths: string[]): Row<Request, Response> {
  return { kind: 'unary', request, response, jsonPaths };
}

function serverStreaming<Request, Response>(request: Codec<Request>, response: Codec<Response>, ...jsonPaths: string[]): Row<Request, Response> {
  return { kind: 'serverStreaming', request, response, jsonPaths };
}

function bidi<Request, Response>(request: Codec<Request>, response: Codec<Response>, ...jsonPaths: string[]): Row<Request, Response> {
  return { kind: 'bidi', request, response, jsonPaths };
}

type MethodOf<T> = T extends Row<infer Request, infer Response> ? Method<Request, Response> : never;

function service<Rows extends Record<string, Row<unknown, unknown>>>(name: string, rows: Rows): { readonly [K in keyof Rows]: MethodOf<Rows[K]> } {
  const methods = Object.entries(rows).map(([method, row]) => [method, { service: name, name: method, path: `/${name}/${method}`, ...row }]);
  return Object.fromEntries(methods) as { readonly [K in keyof Rows]: MethodOf<Rows[K]> };
}

const nothing = (schema: MessageSchema): Codec<m.NoFields> => schemaCodec(schema);
const headerOnly = (schema: MessageSchema): Codec<m.HeaderOnly> => schemaCodec(schema);
const members = (schema: MessageSchema): Codec<MemberListResponse> => schemaCodec(schema);
const named = (schema: MessageSchema): Codec<m.Named> => schemaCodec(schema);
const roleNamed = (schema: MessageSchema): Codec<m.RoleNamed> => schemaCodec(schema);
const roles = (schema: MessageSchema): Codec<m.RolesResponse> => schemaCodec(schema);
const memberId = (schema: MessageSchema): Codec<m.MemberId> => schemaCodec(schema);

export const KV = service('etcdserverpb.KV', {
  Range: unary(kv.RangeRequestCodec, kv.RangeResponseCodec, '/v3/kv/range'),
  Put: unary(kv.PutRequestCodec, kv.PutResponseCodec, '/v3/kv/put'),
  DeleteRange: unary(kv.DeleteRangeRequestCodec, kv.DeleteRangeResponseCodec, '/v3/kv/deleterange'),
  Txn: unary(TxnRequestCodec, TxnResponseCodec, '/v3/kv/txn'),
  Compact: unary(
    schemaCodec<CompactRequest>(kvTable.compactionRequest), schemaCodec<CompactResponse>(kvTable.compactionResponse), '/v3/kv/compaction',
  ),
});

export const Watch = service('etcdserverpb.Watch', {
  Watch: bidi(WatchRequestCodec, WatchResponseCodec, '/v3/watch'),
});

export const Lease = service('etcdserverpb.Lease', {
  LeaseGrant: unary(lease.LeaseGrantRequestCodec, lease.LeaseGrantResponseCodec, '/v3/lease/grant'),
  LeaseRevoke: unary(lease.LeaseRevokeRequestCodec, lease.LeaseRevokeResponseCodec, '/v3/lease/revoke', '/v3/kv/lease/revoke'),
  LeaseKeepAlive: bidi(lease.LeaseKeepAliveRequestCodec, lease.LeaseKeepAliveResponseCodec, '/v3/lease/keepalive'),
  LeaseTimeToLive: unary(lease.LeaseTimeToLiveRequestCodec, lease.LeaseTimeToLiveResponseCodec, '/v3/lease/timetolive', '/v3/kv/lease/timetolive'),
  LeaseLeases: unary(lease.LeaseLeasesRequestCodec, lease.LeaseLeasesResponseCodec, '/v3/lease/leases', '/v3/kv/lease/leases'),
});

export const Cluster = service('etcdserverpb.Cluster', {
  MemberAdd: unary(
    schemaCodec<m.MemberAddRequest>(admin.memberAddRequest), schemaCodec<m.MemberAddResponse>(admin.memberAddResponse), '/v3/cluster/member/add',
  ),
  MemberRemove: unary(memberId(admin.memberRemoveRequest), members(admin.memberRemoveResponse), '/v3/cluster/member/remove'),
  MemberUpdate: unary(schemaCodec<m.MemberUpdateRequest>(admin.memberUpdateRequest), members(admin.memberUpdateResponse), '/v3/cluster/member/update'),
  MemberList: unary(schemaCodec<m.MemberListRequest>(admin.memberListRequest), members(admin.memberListResponse), '/v3/cluster/member/list'),
  MemberPromote: unary(memberId(admin.memberPromoteRequest), members(admin.memberPromoteResponse), '/v3/cluster/member/promote'),
});

export const Maintenance = service('etcdserverpb.Maintenance', {
  Alarm: unary(schemaCodec<AlarmRequest>(admin.alarmRequest), schemaCodec<AlarmResponse>(admin.alarmResponse), '/v3/maintenance/alarm'),
  Status: unary(nothing(admin.statusRequest), schemaCodec<m.StatusReply>(admin.statusResponse), '/v3/maintenance/status'),
  Defragment: unary(nothing(admin.defragmentRequest), headerOnly(admin.defragmentResponse), '/v3/maintenance/defragment'),
  Hash: unary(nothing(admin.hashRequest), schemaCodec<HashResponse>(admin.hashResponse), '/v3/maintenance/hash'),
  HashKV: unary(schemaCodec<m.HashKvRequest>(admin.hashKvRequest), schemaCodec<HashKvResponse>(admin.hashKvResponse), '/v3/maintenance/hashkv'),
  Snapshot: serverStreaming(nothing(admin.snapshotRequest), schemaCodec<SnapshotChunk>(admin.snapshotResponse), '/v3/maintenance/snapshot'),
  MoveLeader: unary(schemaCodec<m.MoveLeaderRequest>(admin.moveLeaderRequest), headerOnly(admin.moveLeaderResponse), '/v3/maintenance/transfer-leadership'),
  Downgrade: unary(
    schemaCodec<m.DowngradeRequest>(admin.downgradeRequest), schemaCodec<m.DowngradeResponse>(admin.downgradeResponse), '/v3/maintenance/downgrade',
  ),
});

export const Auth = service('etcdserverpb.Auth', {
  AuthEnable: unary(nothing(admin.authEnableRequest), headerOnly(admin.authEnableResponse), '/v3/auth/enable'),
  AuthDisable: unary(nothing(admin.authDisableRequest), headerOnly(admin.authDisableResponse), '/v3/auth/disable'),
  AuthStatus: unary(nothing(admin.authStatusRequest), schemaCodec<m.AuthStatusResponse>(admin.authStatusResponse), '/v3/auth/status'),
  Authenticate: unary(
    schemaCodec<m.AuthenticateRequest>(admin.authenticateRequest), schemaCodec<m.AuthenticateResponse>(admin.authenticateResponse), '/v3/auth/authenticate',
  ),
  UserAdd: unary(schemaCodec<m.AuthUserAddRequest>(admin.authUserAddRequest), headerOnly(admin.authUserAddResponse), '/v3/auth/user/add'),
  UserGet: unary(named(admin.authUserGetRequest), roles(admin.authUserGetResponse), '/v3/auth/user/get'),
  UserList: unary(nothing(admin.authUserListRequest), schemaCodec<m.AuthUserListResponse>(admin.authUserListResponse), '/v3/auth/user/list'),
  UserDelete: unary(named(admin.authUserDeleteRequest), headerOnly(admin.authUserDeleteResponse), '/v3/auth/user/delete'),
  UserChangePassword: unary(
    schemaCodec<m.AuthUserChangePasswordRequest>(admin.authUserChangePasswordRequest), headerOnly(admin.authUserChangePasswordResponse), '/v3/auth/user/changepw',
  ),
  UserGrantRole: unary(schemaCodec<m.AuthUserGrantRoleRequest>(admin.authUserGrantRoleRequest), headerOnly(admin.authUserGrantRoleResponse), '/v3/auth/user/grant'),
  UserRevokeRole: unary(schemaCodec<m.AuthUserRevokeRoleRequest>(admin.authUserRevokeRoleRequest), headerOnly(admin.authUserRevokeRoleResponse), '/v3/auth/user/revoke'),
  RoleAdd: unary(named(admin.authRoleAddRequest), headerOnly(admin.authRoleAddResponse), '/v3/auth/role/add'),
  RoleGet: unary(roleNamed(admin.authRoleGetRequest), schemaCodec<m.AuthRoleGetResponse>(admin.authRoleGetResponse), '/v3/auth/role/get'),
  RoleList: unary(nothing(admin.authRoleListRequest), roles(admin.authRoleListResponse), '/v3/auth/role/list'),
  RoleDelete: unary(roleNamed(admin.authRoleDeleteRequest), headerOnly(admin.authRoleDeleteResponse), '/v3/auth/role/delete'),
  RoleGrantPermission: unary(
    schemaCodec<m.AuthRoleGrantPermissionRequest>(admin.authRoleGrantPermissionRequest), headerOnly(admin.authRoleGrantPermissionResponse), '/v3/auth/role/grant',
  ),
  RoleRevokePermission: unary(
    schemaCodec<m.AuthRoleRevokePermissionRequest>(admin.authRoleRevokePermissionRequest), headerOnly(admin.authRoleRevokePermissionResponse), '/v3/auth/role/revoke',
  ),
});

export const Lock = service('v3lockpb.Lock', {
  Lock: unary(schemaCodec<m.LockRequest>(admin.lockRequest), schemaCodec<m.LockResponse>(admin.lockResponse), '/v3/lock/lock'),
  Unlock: unary(schemaCodec<m.UnlockRequest>(admin.unlockRequest), headerOnly(admin.unlockResponse), '/v3/lock/unlock'),
});

export const Election = service('v3electionpb.Election', {
  Campaign: unary(schemaCodec<m.CampaignRequest>(admin.campaignRequest), schemaCodec<m.CampaignResponse>(admin.campaignResponse), '/v3/election/campaign'),
  Proclaim: unary(schemaCodec<m.ProclaimRequest>(admin.proclaimRequest), headerOnly(admin.proclaimResponse), '/v3/election/proclaim'),
  Leader: unary(schemaCodec<m.LeaderRequest>(admin.leaderRequest), schemaCodec<m.LeaderResponse>(admin.leaderResponse), '/v3/election/leader'),
  Observe: serverStreaming(schemaCodec<m.LeaderRequest>(admin.leaderRequest), schemaCodec<m.LeaderResponse>(admin.leaderResponse), '/v3/election/observe'),
  Resign: unary(schemaCodec<m.ResignRequest>(admin.resignRequest), headerOnly(admin.resignResponse), '/v3/election/resign'),
});

export const Health = service('grpc.health.v1.Health', {
  Check: unary(schemaCodec<m.HealthCheckRequest>(admin.healthCheckRequest), schemaCodec<m.HealthCheckResponse>(admin.healthCheckResponse)),
  Watch: serverStreaming(schemaCodec<m.HealthCheckRequest>(admin.healthCheckRequest), schemaCodec<m.HealthCheckResponse>(admin.healthCheckResponse)),
});
