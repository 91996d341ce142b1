import type { InitialMember } from './cluster-identity';

/** Version of the JSON text at the head of every WAL segment. */
const METADATA_VERSION = 1;

/** Whose log it is, and the cluster as it was when the log began: what the flags say later is not asked again. */
export interface MemberMetadata {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly initialMembers: readonly (InitialMember & { readonly id: bigint })[];
}

interface MetadataText {
  readonly version: number;
  readonly memberId: string;
  readonly clusterId: string;
  readonly initialMembers: readonly { readonly id: string; readonly name: string; readonly peerUrls: readonly string[] }[];
}

export function encodeMetadata({ memberId, clusterId, initialMembers }: MemberMetadata): Buffer {
  const text: MetadataText = {
    version: METADATA_VERSION,
    memberId: memberId.toString(16),
    clusterId: clusterId.toString(16),
    initialMembers: initialMembers.map(({ id, name, peerUrls }) => ({ id: id.toString(16), name, peerUrls })),
  };
  return Buffer.from(JSON.stringify(text), 'utf8');
}

/** @throws Error for a version that this program does not know */
export function decodeMetadata(bytes: Buffer): MemberMetadata {
  const text = JSON.parse(bytes.toString('utf8')) as MetadataText;
  if (text.version !== METADATA_VERSION) {
    throw new Error(`the WAL was written by a newer version (metadata version ${text.version}, known is ${METADATA_VERSION})`);
  }
  return {
    memberId: BigInt(`0x${text.memberId}`),
    clusterId: BigInt(`0x${text.clusterId}`),
    initialMembers: text.initialMembers.map(({ id, name, peerUrls }) => ({ id: BigInt(`0x${id}`), name, peerUrls })),
  };
}
