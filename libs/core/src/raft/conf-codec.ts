/**
 * Bytes of memberships and their changes, as they stand in log entries, WAL metadata and snapshots.
 *
 *   ConfState   version=1, voters, learners, outgoing voters, next learners (each: varint count, u64 ids), flag autoLeave
 *   ConfChange  version=1, u8 transition, varint count, (u8 type, u64 id)*, context to the end
 */
import { ByteReader, ByteWriter, DecodeError } from './byte-codec';
import { type ConfChange, type ConfChangeStep, ConfChangeType, type ConfState, ConfTransition } from './types';

const CONF_STATE_VERSION = 1;
const CONF_CHANGE_VERSION = 1;

export function writeConfState(writer: ByteWriter, state: ConfState): ByteWriter {
  return writer.u8(CONF_STATE_VERSION)
    .ids(state.voters).ids(state.learners).ids(state.votersOutgoing).ids(state.learnersNext).flag(state.autoLeave);
}

export function readConfState(reader: ByteReader): ConfState {
  reader.version(CONF_STATE_VERSION, 'membership');
  return { voters: reader.ids(), learners: reader.ids(), votersOutgoing: reader.ids(), learnersNext: reader.ids(), autoLeave: reader.flag() };
}

export function encodeConfState(state: ConfState): Buffer {
  return writeConfState(new ByteWriter(), state).finish();
}

/** @throws DecodeError */
export function decodeConfState(bytes: Buffer): ConfState {
  const reader = new ByteReader(bytes);
  const state = readConfState(reader);
  reader.end('membership');
  return state;
}

export function encodeConfChange(change: ConfChange): Buffer {
  const writer = new ByteWriter(16 + change.changes.length * 9 + change.context.length);
  writer.u8(CONF_CHANGE_VERSION).u8(change.transition).varint(change.changes.length);
  for (const { type, nodeId } of change.changes) writer.u8(type).u64(nodeId);
  return writer.raw(change.context).finish();
}

/** The context is a view into `bytes`. @throws DecodeError */
export function decodeConfChange(bytes: Buffer): ConfChange {
  const reader = new ByteReader(bytes);
  reader.version(CONF_CHANGE_VERSION, 'membership change');
  const transition = reader.u8();
  if (transition > ConfTransition.JointExplicit) throw new DecodeError(`membership change has unknown transition ${transition}`);
  const count = reader.varint();
  const changes: ConfChangeStep[] = [];
  for (let i = 0; i < count; i++) {
    const type = reader.u8();
    if (type > ConfChangeType.UpdateNode) throw new DecodeError(`membership change has unknown type ${type}`);
    changes.push({ type: type as ConfChangeType, nodeId: reader.u64() });
  }
  return { transition: transition as ConfTransition, changes, context: reader.rest() };
}
