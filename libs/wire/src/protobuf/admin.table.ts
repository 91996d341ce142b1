import { header, keyValue } from './kv.table';
import { enumField, type FieldOptions, type FieldSchema, messageField, type MessageSchema, messageSchema, scalarField as field } from './schema';

/** Messages of the Cluster, Maintenance, Auth, Lock, Election and Health services, numbers as in their public .proto files. */

const empty = (name: string): MessageSchema => messageSchema(name, []);
const headerOnly = (name: string): MessageSchema => messageSchema(name, [{ ...header, required: false }]);

// etcdserverpb.Cluster

const memberIdField = field(1, 'ID', 'uint64Id', { property: 'id' });
const peerUrls = (number: number): FieldSchema => field(number, 'peerURLs', 'string', { property: 'peerUrls', repeated: true });

export const member = messageSchema('etcdserverpb.Member', [
  memberIdField,
  field(2, 'name', 'string'),
  peerUrls(3),
  field(4, 'clientURLs', 'string', { property: 'clientUrls', repeated: true }),
  field(5, 'isLearner', 'bool'),
]);
const members = (number: number): FieldSchema => messageField(number, 'members', () => member, { repeated: true });
const membersOnly = (name: string): MessageSchema => messageSchema(name, [header, members(2)]);

export const memberAddRequest = messageSchema('etcdserverpb.MemberAddRequest', [peerUrls(1), field(2, 'isLearner', 'bool')]);
export const memberAddResponse = messageSchema('etcdserverpb.MemberAddResponse', [
  header, messageField(2, 'member', () => member, { required: true }), members(3),
]);
export const memberRemoveRequest = messageSchema('etcdserverpb.MemberRemoveRequest', [memberIdField]);
export const memberRemoveResponse = membersOnly('etcdserverpb.MemberRemoveResponse');
export const memberUpdateRequest = messageSchema('etcdserverpb.MemberUpdateRequest', [memberIdField, peerUrls(2)]);
export const memberUpdateResponse = membersOnly('etcdserverpb.MemberUpdateResponse');
export const memberListRequest = messageSchema('etcdserverpb.MemberListRequest', [field(1, 'linearizable', 'bool')]);
export const memberListResponse = membersOnly('etcdserverpb.MemberListResponse');
export const memberPromoteRequest = messageSchema('etcdserverpb.MemberPromoteRequest', [memberIdField]);
export const memberPromoteResponse = membersOnly('etcdserverpb.MemberPromoteResponse');

// etcdserverpb.Maintenance

const alarmTypes = ['NONE', 'NOSPACE', 'CORRUPT'];

export const alarmRequest = messageSchema('etcdserverpb.AlarmRequest', [
  enumField(1, 'action', ['GET', 'ACTIVATE', 'DEACTIVATE']),
  field(2, 'memberID', 'uint64Id', { property: 'memberId' }),
  enumField(3, 'alarm', alarmTypes),
]);
export const alarmMember = messageSchema('etcdserverpb.AlarmMember', [
  field(1, 'memberID', 'uint64Id', { property: 'memberId' }),
  enumField(2, 'alarm', alarmTypes),
]);
export const alarmResponse = messageSchema('etcdserverpb.AlarmResponse', [
  header, messageField(2, 'alarms', () => alarmMember, { repeated: true }),
]);

export const downgradeInfo = messageSchema('etcdserverpb.DowngradeInfo', [field(1, 'enabled', 'bool'), field(2, 'targetVersion', 'string')]);
export const statusRequest = empty('etcdserverpb.StatusRequest');
export const statusResponse = messageSchema('etcdserverpb.StatusResponse', [
  header,
  field(2, 'version', 'string'),
  field(3, 'dbSize', 'int64', { property: 'dbSizeBytes' }),
  field(4, 'leader', 'uint64Id'),
  field(5, 'raftIndex', 'uint64'),
  field(6, 'raftTerm', 'uint64'),
  field(7, 'raftAppliedIndex', 'uint64'),
  field(8, 'errors', 'string', { repeated: true }),
  field(9, 'dbSizeInUse', 'int64', { property: 'dbSizeInUseBytes' }),
  field(10, 'isLearner', 'bool'),
  field(11, 'storageVersion', 'string'),
  field(12, 'dbSizeQuota', 'int64', { property: 'dbSizeQuotaBytes' }),
  messageField(13, 'downgradeInfo', () => downgradeInfo),
]);

export const defragmentRequest = empty('etcdserverpb.DefragmentRequest');
export const defragmentResponse = headerOnly('etcdserverpb.DefragmentResponse');
export const hashRequest = empty('etcdserverpb.HashRequest');
export const hashResponse = messageSchema('etcdserverpb.HashResponse', [header, field(2, 'hash', 'uint32')]);
export const hashKvRequest = messageSchema('etcdserverpb.HashKVRequest', [field(1, 'revision', 'int64')]);
export const hashKvResponse = messageSchema('etcdserverpb.HashKVResponse', [
  header,
  field(2, 'hash', 'uint32'),
  field(3, 'compact_revision', 'int64'),
  field(4, 'hash_revision', 'int64'),
]);
export const snapshotRequest = empty('etcdserverpb.SnapshotRequest');
export const snapshotResponse = messageSchema('etcdserverpb.SnapshotResponse', [
  header,
  field(2, 'remaining_bytes', 'uint64'),
  field(3, 'blob', 'bytes'),
  field(4, 'version', 'string'),
]);
export const moveLeaderRequest = messageSchema('etcdserverpb.MoveLeaderRequest', [field(1, 'targetID', 'uint64Id', { property: 'targetId' })]);
export const moveLeaderResponse = headerOnly('etcdserverpb.MoveLeaderResponse');
export const downgradeRequest = messageSchema('etcdserverpb.DowngradeRequest', [
  enumField(1, 'action', ['VALIDATE', 'ENABLE', 'CANCEL']),
  field(2, 'version', 'string'),
]);
export const downgradeResponse = messageSchema('etcdserverpb.DowngradeResponse', [header, field(2, 'version', 'string')]);

// authpb and etcdserverpb.Auth

const text = (number: number, name: string, options?: FieldOptions): FieldSchema => field(number, name, 'string', options);

export const permission = messageSchema('authpb.Permission', [
  enumField(1, 'permType', ['READ', 'WRITE', 'READWRITE']),
  field(2, 'key', 'key'),
  field(3, 'range_end', 'key'),
]);
export const userAddOptions = messageSchema('authpb.UserAddOptions', [field(1, 'no_password', 'bool')]);

export const authEnableRequest = empty('etcdserverpb.AuthEnableRequest');
export const authEnableResponse = headerOnly('etcdserverpb.AuthEnableResponse');
export const authDisableRequest = empty('etcdserverpb.AuthDisableRequest');
export const authDisableResponse = headerOnly('etcdserverpb.AuthDisableResponse');
export const authStatusRequest = empty('etcdserverpb.AuthStatusRequest');
export const authStatusResponse = messageSchema('etcdserverpb.AuthStatusResponse', [
  header, field(2, 'enabled', 'bool'), field(3, 'authRevision', 'uint64'),
]);
export const authenticateRequest = messageSchema('etcdserverpb.AuthenticateRequest', [text(1, 'name'), text(2, 'password')]);
export const authenticateResponse = messageSchema('etcdserverpb.AuthenticateResponse', [header, text(2, 'token')]);
export const authUserAddRequest = messageSchema('etcdserverpb.AuthUserAddRequest', [
  text(1, 'name'), text(2, 'password'), messageField(3, 'options', () => userAddOptions), text(4, 'hashedPassword'),
]);
export const authUserAddResponse = headerOnly('etcdserverpb.AuthUserAddResponse');
export const authUserGetRequest = messageSchema('etcdserverpb.AuthUserGetRequest', [text(1, 'name')]);
export const authUserGetResponse = messageSchema('etcdserverpb.AuthUserGetResponse', [header, text(2, 'roles', { repeated: true })]);
export const authUserListRequest = empty('etcdserverpb.AuthUserListRequest');
export const authUserListResponse = messageSchema('etcdserverpb.AuthUserListResponse', [header, text(2, 'users', { repeated: true })]);
export const authUserDeleteRequest = messageSchema('etcdserverpb.AuthUserDeleteRequest', [text(1, 'name')]);
export const authUserDeleteResponse = headerOnly('etcdserverpb.AuthUserDeleteResponse');
export const authUserChangePasswordRequest = messageSchema('etcdserverpb.AuthUserChangePasswordRequest', [
  text(1, 'name'), text(2, 'password'), text(3, 'hashedPassword'),
]);
export const authUserChangePasswordResponse = headerOnly('etcdserverpb.AuthUserChangePasswordResponse');
export const authUserGrantRoleRequest = messageSchema('etcdserverpb.AuthUserGrantRoleRequest', [text(1, 'user'), text(2, 'role')]);
export const authUserGrantRoleResponse = headerOnly('etcdserverpb.AuthUserGrantRoleResponse');
export const authUserRevokeRoleRequest = messageSchema('etcdserverpb.AuthUserRevokeRoleRequest', [text(1, 'name'), text(2, 'role')]);
export const authUserRevokeRoleResponse = headerOnly('etcdserverpb.AuthUserRevokeRoleResponse');
export const authRoleAddRequest = messageSchema('etcdserverpb.AuthRoleAddRequest', [text(1, 'name')]);
export const authRoleAddResponse = headerOnly('etcdserverpb.AuthRoleAddResponse');
export const authRoleGetRequest = messageSchema('etcdserverpb.AuthRoleGetRequest', [text(1, 'role')]);
export const authRoleGetResponse = messageSchema('etcdserverpb.AuthRoleGetResponse', [
  header, messageField(2, 'perm', () => permission, { repeated: true }),
]);
export const authRoleListRequest = empty('etcdserverpb.AuthRoleListRequest');
export const authRoleListResponse = messageSchema('etcdserverpb.AuthRoleListResponse', [header, text(2, 'roles', { repeated: true })]);
export const authRoleDeleteRequest = messageSchema('etcdserverpb.AuthRoleDeleteRequest', [text(1, 'role')]);
export const authRoleDeleteResponse = headerOnly('etcdserverpb.AuthRoleDeleteResponse');
export const authRoleGrantPermissionRequest = messageSchema('etcdserverpb.AuthRoleGrantPermissionRequest', [
  text(1, 'name'), messageField(2, 'perm', () => permission),
]);
export const authRoleGrantPermissionResponse = headerOnly('etcdserverpb.AuthRoleGrantPermissionResponse');
export const authRoleRevokePermissionRequest = messageSchema('etcdserverpb.AuthRoleRevokePermissionRequest', [
  text(1, 'role'), field(2, 'key', 'key'), field(3, 'range_end', 'key'),
]);
export const authRoleRevokePermissionResponse = headerOnly('etcdserverpb.AuthRoleRevokePermissionResponse');

// v3lockpb.Lock

export const lockRequest = messageSchema('v3lockpb.LockRequest', [field(1, 'name', 'key'), field(2, 'lease', 'int64Id')]);
export const lockResponse = messageSchema('v3lockpb.LockResponse', [header, field(2, 'key', 'key')]);
export const unlockRequest = messageSchema('v3lockpb.UnlockRequest', [field(1, 'key', 'key')]);
export const unlockResponse = headerOnly('v3lockpb.UnlockResponse');

// v3electionpb.Election

export const leaderKey = messageSchema('v3electionpb.LeaderKey', [
  field(1, 'name', 'key'),
  field(2, 'key', 'key'),
  field(3, 'rev', 'int64'),
  field(4, 'lease', 'int64Id'),
]);
const leader = (number: number): FieldSchema => messageField(number, 'leader', () => leaderKey);

export const campaignRequest = messageSchema('v3electionpb.CampaignRequest', [
  field(1, 'name', 'key'), field(2, 'lease', 'int64Id'), field(3, 'value', 'bytes'),
]);
export const campaignResponse = messageSchema('v3electionpb.CampaignResponse', [header, leader(2)]);
export const proclaimRequest = messageSchema('v3electionpb.ProclaimRequest', [leader(1), field(2, 'value', 'bytes')]);
export const proclaimResponse = headerOnly('v3electionpb.ProclaimResponse');
export const leaderRequest = messageSchema('v3electionpb.LeaderRequest', [field(1, 'name', 'key')]);
export const leaderResponse = messageSchema('v3electionpb.LeaderResponse', [header, messageField(2, 'kv', () => keyValue)]);
export const resignRequest = messageSchema('v3electionpb.ResignRequest', [leader(1)]);
export const resignResponse = headerOnly('v3electionpb.ResignResponse');

// grpc.health.v1.Health

export const healthCheckRequest = messageSchema('grpc.health.v1.HealthCheckRequest', [text(1, 'service')]);
export const healthCheckResponse = messageSchema('grpc.health.v1.HealthCheckResponse', [
  enumField(1, 'status', ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']),
]);
