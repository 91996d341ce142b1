import type {
  ByteString, KeyValue, LeaseGrantResponse, Member, ResponseHeader, StatusResponse, WatchEvent, WatchRequest,
} from '@quorate/api';

/** Messages that exist only on the wire, or have fields there which the API has no use for. Names follow the .proto. */

export interface NoFields {
  readonly [field: string]: never;
}

export interface HeaderOnly {
  readonly header?: ResponseHeader;
}

/** What a client sends to create a watcher; can be handed to `KvApi.watch` as it is. */
export interface WatchCreateRequest extends WatchRequest {
  /**
   * 0: the server picks one. Carried as `number`: an id that is no safe integer has lost digits and cannot be answered
   * under its own name.
   */
  readonly watchId: number;
  /** Split what is larger than the largest request. */
  readonly fragment: boolean;
}

/** Message of the client's half of a watch stream; `empty` is one whose union was not set (ignored by etcd). */
export type WatchStreamRequest =
  | { readonly type: 'create'; readonly request: WatchCreateRequest }
  | { readonly type: 'cancel'; readonly request: { readonly watchId: number } }
  | { readonly type: 'progress'; readonly request: NoFields }
  | { readonly type: 'empty' };

/** Message of the server's half of a watch stream. */
export interface WatchStreamResponse {
  readonly header: ResponseHeader;
  /** −1: says something about the whole stream, or about a watcher that was not created. */
  readonly watchId: number;
  readonly created?: boolean;
  readonly canceled?: boolean;
  /** Set on `canceled`: the watcher's start lies below this revision. */
  readonly compactRevision?: number;
  readonly cancelReason?: string;
  /** More parts of the same response follow. */
  readonly fragment?: boolean;
  readonly events: readonly WatchEvent[];
}

export interface LeaseId {
  readonly id: bigint;
}

export interface LeaseGrantReply extends LeaseGrantResponse {
  /** Never set by etcd. */
  readonly error?: string;
}

export interface MemberId {
  readonly id: bigint;
}

export interface MemberAddRequest {
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface MemberAddResponse {
  readonly header: ResponseHeader;
  readonly member: Member;
  readonly members: readonly Member[];
}

export interface MemberUpdateRequest {
  readonly id: bigint;
  readonly peerUrls: readonly string[];
}

export interface MemberListRequest {
  readonly linearizable: boolean;
}

export interface HashKvRequest {
  /** 0: the present one. */
  readonly revision: number;
}

export interface MoveLeaderRequest {
  readonly targetId: bigint;
}

/** `DowngradeRequest.DowngradeAction` */
export const DowngradeAction = { VALIDATE: 0, ENABLE: 1, CANCEL: 2 } as const;

export interface DowngradeRequest {
  readonly action: number;
  readonly version: string;
}

export interface DowngradeResponse {
  readonly header: ResponseHeader;
  readonly version: string;
}

export interface DowngradeInfo {
  readonly enabled: boolean;
  readonly targetVersion: string;
}

export interface StatusReply extends StatusResponse {
  /** etcd 3.6 always sends it, empty while no downgrade runs. */
  readonly downgradeInfo?: DowngradeInfo;
}

/** `authpb.Permission.Type` */
export const PermissionType = { READ: 0, WRITE: 1, READWRITE: 2 } as const;

export interface Permission {
  readonly permType: number;
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
}

export interface AuthStatusResponse {
  readonly header: ResponseHeader;
  readonly enabled: boolean;
  readonly authRevision: number;
}

export interface AuthenticateRequest {
  readonly name: string;
  readonly password: string;
}

export interface AuthenticateResponse {
  readonly header: ResponseHeader;
  readonly token: string;
}

export interface AuthUserAddRequest {
  readonly name: string;
  readonly password: string;
  readonly options?: { readonly noPassword: boolean };
  readonly hashedPassword: string;
}

export interface AuthUserChangePasswordRequest {
  readonly name: string;
  readonly password: string;
  readonly hashedPassword: string;
}

export interface AuthUserGrantRoleRequest {
  readonly user: string;
  readonly role: string;
}

export interface AuthUserRevokeRoleRequest {
  readonly name: string;
  readonly role: string;
}

export interface Named {
  readonly name: string;
}

export interface RoleNamed {
  readonly role: string;
}

export interface AuthRoleGrantPermissionRequest {
  readonly name: string;
  readonly perm?: Permission;
}

export interface AuthRoleRevokePermissionRequest {
  readonly role: string;
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
}

export interface RolesResponse {
  readonly header: ResponseHeader;
  readonly roles: readonly string[];
}

export interface AuthRoleGetResponse {
  readonly header: ResponseHeader;
  readonly perm: readonly Permission[];
}

export interface AuthUserListResponse {
  readonly header: ResponseHeader;
  readonly users: readonly string[];
}

export interface LockRequest {
  readonly name: ByteString;
  readonly lease: bigint;
}

export interface LockResponse {
  readonly header: ResponseHeader;
  readonly key: ByteString;
}

export interface UnlockRequest {
  readonly key: ByteString;
}

/** Proof of leadership in an election: the candidate's key and the revision that created it. */
export interface LeaderKey {
  readonly name: ByteString;
  readonly key: ByteString;
  readonly rev: number;
  readonly lease: bigint;
}

export interface CampaignRequest {
  readonly name: ByteString;
  readonly lease: bigint;
  readonly value: Buffer;
}

export interface CampaignResponse {
  readonly header: ResponseHeader;
  readonly leader?: LeaderKey;
}

export interface ProclaimRequest {
  readonly leader?: LeaderKey;
  readonly value: Buffer;
}

export interface LeaderRequest {
  readonly name: ByteString;
}

export interface LeaderResponse {
  readonly header: ResponseHeader;
  readonly kv?: KeyValue;
}

export interface ResignRequest {
  readonly leader?: LeaderKey;
}

/** `HealthCheckResponse.ServingStatus` */
export const ServingStatus = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

export interface HealthCheckRequest {
  /** Empty: the server as a whole. */
  readonly service: string;
}

export interface HealthCheckResponse {
  readonly status: number;
}
