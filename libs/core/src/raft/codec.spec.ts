/** The bytes: golden ones of version 1, every value and back, and garbage refused. QUORATE_UPDATE_GOLDEN=1 rewrites the golden file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { DecodeError } from './byte-codec';
import {
  decodeEntry, decodeHardState, decodeMessage, decodeSnapshotMeta, encodeEntry, encodeHardState, encodeMessage, encodeSnapshotMeta, encodedEntryBytes, writeEntry,
} from './codec';
import { decodeConfChange, decodeConfState, encodeConfChange, encodeConfState } from './conf-codec';
import { type Message, MessageType } from './message';
import { type ConfState, type Entry, EntryType } from './types';

const ids = { from: 0x1122334455667788n, to: 2n, term: 300 };
const confState: ConfState = { voters: [1n, 2n, 0xffffffffffffffffn], learners: [4n], votersOutgoing: [1n, 3n], learnersNext: [3n], autoLeave: true };
const entry: Entry = { term: 7, index: 2 ** 40, type: EntryType.Normal, data: Buffer.from('value') };
const knowledge = { commit: 12, commitTerm: 2 };

const messages: Readonly<Record<string, Message>> = {
  propose: { type: MessageType.Propose, ...ids, term: 0, entries: [{ type: EntryType.Normal, data: Buffer.from('a') }, { type: EntryType.ConfChange, data: Buffer.alloc(0) }] },
  append: {
    type: MessageType.Append, ...ids, prevIndex: 9, prevTerm: 4, commit: 8,
    entries: [{ term: 4, index: 10, type: EntryType.Normal, data: Buffer.from('x') }, { term: 5, index: 11, type: EntryType.ConfChange, data: Buffer.from('yz') }],
  },
  'append-response': { type: MessageType.AppendResponse, ...ids, index: 10, reject: true, hintIndex: 9, hintTerm: 3 },
  vote: { type: MessageType.Vote, ...ids, lastIndex: 10, lastTerm: 3, transfer: true, ...knowledge },
  'vote-response': { type: MessageType.VoteResponse, ...ids, reject: false, ...knowledge },
  'pre-vote': { type: MessageType.PreVote, ...ids, lastIndex: 10, lastTerm: 3, transfer: false, ...knowledge },
  'pre-vote-response': { type: MessageType.PreVoteResponse, ...ids, reject: true, ...knowledge },
  snapshot: { type: MessageType.Snapshot, ...ids, snapshot: { index: 100, term: 6, confState } },
  heartbeat: { type: MessageType.Heartbeat, ...ids, commit: 5, position: 77 },
  'heartbeat-response': { type: MessageType.HeartbeatResponse, ...ids, position: 77 },
  'transfer-leader': { type: MessageType.TransferLeader, ...ids, target: 3n },
  'timeout-now': { type: MessageType.TimeoutNow, ...ids },
  'read-index': { type: MessageType.ReadIndex, ...ids, term: 0, batch: 2 ** 51 + 1 },
  'read-index-response': { type: MessageType.ReadIndexResponse, ...ids, batch: 2 ** 51 + 1, index: 200 },
};

const change = { transition: 1 as const, changes: [{ type: 0 as const, nodeId: 5n }, { type: 1 as const, nodeId: 1n }], context: Buffer.from('attributes') };

const records: Readonly<Record<string, Buffer>> = {
  entry: encodeEntry(entry),
  'hard-state': encodeHardState({ term: 5, vote: 3n, commit: 130 }),
  'conf-state': encodeConfState(confState),
  'conf-change': encodeConfChange(change),
  'snapshot-position': encodeSnapshotMeta({ index: 1000, term: 4, confState }),
  ...Object.fromEntries(Object.entries(messages).map(([name, message]) => [`message-${name}`, encodeMessage(message)])),
};

test('the bytes of version 1 do not change', () => {
  const path = join(__dirname, 'testdata', 'golden-bytes.txt');
  const actual = Object.entries(records).map(([name, bytes]) => `${name} ${bytes.toString('hex')}\n`).join('');
  if (process.env.QUORATE_UPDATE_GOLDEN === '1') writeFileSync(path, actual);
  else expect(actual).toBe(readFileSync(path, 'utf8'));
});

describe('there and back', () => {
  test.each(Object.entries(messages))('message %s', (_name, message) => {
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });

  test('entry, hard state, membership, change, snapshot position', () => {
    expect(decodeEntry(records.entry!)).toEqual(entry);
    expect(decodeHardState(records['hard-state']!)).toEqual({ term: 5, vote: 3n, commit: 130 });
    expect(decodeConfState(records['conf-state']!)).toEqual(confState);
    expect(decodeConfChange(records['conf-change']!)).toEqual(change);
    expect(decodeSnapshotMeta(records['snapshot-position']!)).toEqual({ index: 1000, term: 4, confState });
  });

  test('any entry, written into a larger buffer', () => {
    const number = fc.maxSafeNat();
    fc.assert(fc.property(number, number, fc.uint8Array({ maxLength: 300 }), (term, index, data) => {
      const value: Entry = { term, index, type: EntryType.ConfChange, data: Buffer.from(data) };
      const target = Buffer.alloc(400, 0xee);
      const end = writeEntry(value, target, 10);
      expect(end - 10).toBe(encodedEntryBytes(value));
      expect(decodeEntry(target.subarray(10, end))).toEqual(value);
      expect(target[end]).toBe(0xee);
    }), { seed: 3 });
  });

  test('a decoded message does not refer to the receive buffer', () => {
    const bytes = encodeMessage(messages.append!);
    const decoded = decodeMessage(bytes);
    bytes.fill(0);
    expect(decoded).toEqual(messages.append);
  });
});

describe('garbage', () => {
  const decoders: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
    entry: decodeEntry, 'hard-state': decodeHardState, 'conf-state': decodeConfState, 'conf-change': decodeConfChange, 'snapshot-position': decodeSnapshotMeta,
  };
  const decode = (name: string, bytes: Buffer): unknown => (decoders[name] ?? decodeMessage)(bytes);

  test.each(Object.entries(records))('%s: another version, and every cut, is refused', (name, bytes) => {
    expect(() => decode(name, Buffer.concat([Buffer.from([2]), bytes.subarray(1)]))).toThrow('version 2');
    // Where the rest of the record is free bytes, a cut inside them cannot be seen: the frame around it has the checksum.
    const free = name === 'entry' ? entry.data.length : name === 'conf-change' ? change.context.length : 0;
    for (let length = 0; length < bytes.length - free; length++) expect(() => decode(name, bytes.subarray(0, length))).toThrow(DecodeError);
    if (free === 0) expect(() => decode(name, Buffer.concat([bytes, Buffer.from([0])]))).toThrow('too many');
  });

  test('any bytes either decode or are refused with a DecodeError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(15), (data, type) => {
      try {
        decodeMessage(Buffer.from([1, type, ...data]));
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }), { seed: 5, numRuns: 2000 });
  });
});
