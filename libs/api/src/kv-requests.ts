import type { ByteString } from './byte-string';
import type { KeyValue, ResponseHeader } from './key-value';

/** `RangeRequest.SortOrder`; unknown numbers reach the validator, which refuses them. */
export const SortOrder = { NONE: 0, ASCEND: 1, DESCEND: 2 } as const;
/** `RangeRequest.SortTarget` */
export const SortTarget = { KEY: 0, VERSION: 1, CREATE: 2, MOD: 3, VALUE: 4 } as const;
/** `Compare.CompareResult` */
export const CompareResult = { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3 } as const;
/** `Compare.CompareTarget` */
export const CompareTarget = { VERSION: 0, CREATE: 1, MOD: 2, VALUE: 3, LEASE: 4 } as const;

/** Reads one key (`rangeEnd` absent or empty), a range, or from a key on (`rangeEnd` is one zero byte). Absent fields count as zero. */
export interface RangeRequest {
  readonly key: ByteString;
  readonly rangeEnd?: ByteString;
  /** At most this many keys; 0 for all. */
  readonly limit?: number;
  /** 0 or less for the present. */
  readonly revision?: number;
  readonly sortOrder?: number;
  readonly sortTarget?: number;
  /** Answer from this member's own state, which may be old, without asking the others. */
  readonly serializable?: boolean;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  /** Keys in the range, whatever the limit and the revision filters. */
  readonly count: number;
}

export interface PutRequest {
  readonly key: ByteString;
  readonly value: Buffer;
  readonly lease?: bigint;
  readonly prevKv?: boolean;
  readonly ignoreValue?: boolean;
  readonly ignoreLease?: boolean;
}

export interface PutResponse {
  readonly header: ResponseHeader;
  readonly prevKv?: KeyValue;
}

export interface DeleteRangeRequest {
  readonly key: ByteString;
  readonly rangeEnd?: ByteString;
  readonly prevKv?: boolean;
}

export interface DeleteRangeResponse {
  readonly header: ResponseHeader;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

/**
 * One condition of a transaction. The field of the union that fits `target` holds the value to compare with; where the
 * caller left it out it counts as zero or empty.
 */
export interface Compare {
  readonly key: ByteString;
  /** Set: the condition must hold for every key of the range. */
  readonly rangeEnd?: ByteString;
  readonly result: number;
  readonly target: number;
  readonly version?: number;
  readonly createRevision?: number;
  readonly modRevision?: number;
  readonly value?: Buffer;
  readonly lease?: bigint;
}

/** `empty` is an operation whose union was not set; validation refuses it as etcd does. */
export type RequestOp =
  | { readonly type: 'range'; readonly request: RangeRequest }
  | { readonly type: 'put'; readonly request: PutRequest }
  | { readonly type: 'deleteRange'; readonly request: DeleteRangeRequest }
  | { readonly type: 'txn'; readonly request: TxnRequest }
  | { readonly type: 'empty' };

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

/** Inside these, headers carry only the revision (cluster, member and term are zero), as etcd sends them. */
export type ResponseOp =
  | { readonly type: 'range'; readonly response: RangeResponse }
  | { readonly type: 'put'; readonly response: PutResponse }
  | { readonly type: 'deleteRange'; readonly response: DeleteRangeResponse }
  | { readonly type: 'txn'; readonly response: TxnResponse };

export interface TxnResponse {
  readonly header: ResponseHeader;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface CompactRequest {
  readonly revision: number;
  /** Answer only when the compacted versions are gone from the store as well. */
  readonly physical?: boolean;
}

export interface CompactResponse {
  readonly header: ResponseHeader;
}
