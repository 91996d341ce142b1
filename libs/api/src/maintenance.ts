import type { ResponseHeader } from './key-value';

/** `AlarmType` */
export const AlarmType = { NONE: 0, NOSPACE: 1, CORRUPT: 2 } as const;
/** `AlarmRequest.AlarmAction` */
export const AlarmAction = { GET: 0, ACTIVATE: 1, DEACTIVATE: 2 } as const;

export interface AlarmRequest {
  readonly action: number;
  readonly memberId: bigint;
  readonly alarm: number;
}

export interface AlarmMember {
  readonly memberId: bigint;
  readonly alarm: number;
}

export interface AlarmResponse {
  readonly header: ResponseHeader;
  readonly alarms: readonly AlarmMember[];
}

export interface StatusResponse {
  readonly header: ResponseHeader;
  /** etcd API level, as `3.6.x` */
  readonly version: string;
  /** Bytes of live and historical versions and of what the store keeps beside them. */
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  readonly dbSizeQuotaBytes: number;
  /** `0n`: none. */
  readonly leader: bigint;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly isLearner: boolean;
  readonly storageVersion: string;
}

export interface HashResponse {
  readonly header: ResponseHeader;
  readonly hash: number;
}

export interface HashKvResponse {
  readonly header: ResponseHeader;
  readonly hash: number;
  readonly compactRevision: number;
  readonly hashRevision: number;
}

/** One piece of a snapshot of the store; pieces come in order, `remainingBytes` counts what follows this one. */
export interface SnapshotChunk {
  readonly header: ResponseHeader;
  readonly remainingBytes: number;
  readonly blob: Buffer;
  readonly version: string;
}

export interface Member {
  readonly id: bigint;
  /** Empty until the member has started and published itself. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface MemberListResponse {
  readonly header: ResponseHeader;
  readonly members: readonly Member[];
}
