import type { ByteString } from './byte-string';

/**
 * One version of a key, as `mvccpb.KeyValue`. `encoded` holds the protobuf bytes of this very message, made once when the
 * revision was applied (fields ascending, zero fields left out); ranges, watches and the store share them.
 */
export interface KeyValue {
  readonly key: ByteString;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Number of writes since creation; 1 on the first, 0 in a tombstone. */
  readonly version: number;
  readonly value: Buffer;
  /** The lease it is attached to; `0n` for none. */
  readonly lease: bigint;
  readonly encoded: Buffer;
}

/** What every answer tells about the state that it was taken from (`etcdserverpb.ResponseHeader`). */
export interface ResponseHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** Store revision of the answer; 0 where etcd leaves it out (cluster service). */
  readonly revision: number;
  readonly raftTerm: number;
}
