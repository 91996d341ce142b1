import type { ByteString } from './byte-string';
import type { ResponseHeader } from './key-value';

export interface LeaseGrantRequest {
  readonly ttlSeconds: number;
  /** `0n`: the server picks one. */
  readonly id?: bigint;
}

export interface LeaseGrantResponse {
  readonly header: ResponseHeader;
  readonly id: bigint;
  /** The TTL in force; at least the server's minimum. */
  readonly ttlSeconds: number;
}

export interface LeaseRevokeResponse {
  readonly header: ResponseHeader;
}

export interface LeaseKeepAliveResponse {
  readonly header: ResponseHeader;
  readonly id: bigint;
  /** 0: there is no such lease any more. */
  readonly ttlSeconds: number;
}

export interface LeaseTimeToLiveRequest {
  readonly id: bigint;
  /** List the attached keys. */
  readonly keys?: boolean;
}

export interface LeaseTimeToLiveResponse {
  readonly header: ResponseHeader;
  readonly id: bigint;
  /** Remaining; -1: there is no such lease. */
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  readonly keys: readonly ByteString[];
}

export interface LeaseLeasesResponse {
  readonly header: ResponseHeader;
  /** Soonest expiry first. */
  readonly ids: readonly bigint[];
}
