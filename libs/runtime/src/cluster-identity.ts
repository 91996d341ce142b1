import { createHash } from 'node:crypto';

/** One row of `--initial-cluster`. */
export interface InitialMember {
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/**
 * The id of a member of an initial cluster: the first eight bytes of the SHA-1 of its sorted peer URLs and the cluster's
 * token, as etcd computes it (`membership.computeMemberId`).
 */
export function memberIdOf(peerUrls: readonly string[], token: string): bigint {
  return firstEightBytes(Buffer.from([...peerUrls].sort().join('') + token, 'utf8'));
}

/** The id of a cluster: the first eight bytes of the SHA-1 of its sorted members' ids (`membership.RaftCluster.genID`). */
export function clusterIdOf(memberIds: readonly bigint[]): bigint {
  const sorted = [...memberIds].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const bytes = Buffer.alloc(8 * sorted.length);
  sorted.forEach((id, at) => bytes.writeBigUInt64BE(id, 8 * at));
  return firstEightBytes(bytes);
}

function firstEightBytes(bytes: Buffer): bigint {
  return createHash('sha1').update(bytes).digest().readBigUInt64BE(0);
}
