import { ByteReader, ByteWriter, CommandFormatError, readList, UnknownCommandError, writeList } from './command-bytes';

/**
 * A change of membership as it travels in the context of a Raft configuration change. `add` takes `isLearner` from the
 * member, `promote` makes a learner a voter, `update` replaces the peer URLs.
 */
export interface MembershipChange {
  readonly type: 'add' | 'promote' | 'update' | 'remove';
  readonly proposalId: number;
  readonly memberId: bigint;
  /** Of `add` and `update`; empty otherwise. */
  readonly peerUrls: readonly string[];
  /** Of `add`. */
  readonly isLearner: boolean;
}

const FORMAT_VERSION = 1;
const CHANGE_TYPES = ['add', 'promote', 'update', 'remove'] as const;

/** The bytes for the context of a configuration change. */
export function encodeMembershipChange(change: MembershipChange): Buffer {
  const writer = new ByteWriter();
  writer.uint8(FORMAT_VERSION);
  writer.uint8(CHANGE_TYPES.indexOf(change.type));
  writer.uint64(change.proposalId);
  writer.id(change.memberId);
  writer.uint8(change.isLearner ? 1 : 0);
  writeList(writer, change.peerUrls, (into, url) => into.text(url));
  return writer.finish();
}

/**
 * The change in the context of a configuration change; `undefined` where the context is empty (Raft leaving a joint
 * configuration by itself).
 * @throws UnknownCommandError for a newer format, CommandFormatError for bytes that make no sense.
 */
export function decodeMembershipChange(context: Buffer): MembershipChange | undefined {
  if (context.length === 0) return undefined;
  const reader = new ByteReader(context);
  const version = reader.uint8();
  if (version !== FORMAT_VERSION) throw new UnknownCommandError(`the membership change has format version ${version}, known is ${FORMAT_VERSION}`);
  const type = CHANGE_TYPES[reader.uint8()];
  if (type === undefined) throw new UnknownCommandError('the membership change has an unknown type');
  const proposalId = reader.uint64();
  const memberId = reader.unsignedId();
  const learner = reader.uint8();
  if (learner > 1) throw new CommandFormatError('the membership change has a bad flag');
  const peerUrls = readList(reader, (from) => from.text());
  reader.end();
  return { type, proposalId, memberId, peerUrls, isLearner: learner === 1 };
}
