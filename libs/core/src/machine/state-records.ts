import type { Member } from '@quorate/api';
import { type LeaseRecord, LeaseTable } from '../lease/lease-table';
import type { StateRecord } from '../ports/backend';
import type { ConfState } from '../raft/types';
import { AlarmTable } from './alarm-table';
import {
  alarmKey, alarmOfKey, Bucket, decodeConfState, decodeLease, decodeMember, decodeNumber, decodeText, encodeConfState, encodeLease,
  encodeMember, encodeNumber, encodePresence, encodeText, idKey, memberIdOfKey, MetaKey, STATE_FORMAT_VERSION, StateFormatError,
} from './buckets';
import { MemberTable } from './member-table';

/** The replicated state that is not versions of keys. */
export interface ReplicatedState {
  readonly leases: LeaseTable;
  readonly alarms: AlarmTable;
  readonly members: MemberTable;
  confState: ConfState;
  /** `undefined`: not decided yet. */
  clusterVersion: string | undefined;
}

/** The store's numbers, which are records of the state too. */
export interface StoreNumbers {
  readonly revision: number;
  /** -1 before the first compaction. */
  readonly compactedRevision: number;
}

export interface InitialMembership {
  readonly members: readonly Member[];
  readonly confState: ConfState;
}

export const NO_MEMBERS: InitialMembership = {
  members: [], confState: { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

/**
 * The state in a store's records; in a store without any, the state of a new cluster with these members.
 * @throws StateFormatError for records of a newer version, and for records that this version would lose
 */
export function restoreState(records: readonly StateRecord[], initial: InitialMembership): ReplicatedState & StoreNumbers {
  const leases: LeaseRecord[] = [];
  const alarms = [];
  const members: Member[] = [];
  const removed: bigint[] = [];
  const meta = new Map<string, Buffer>();
  for (const { bucket, key, value } of records) {
    if (value === undefined) continue;
    switch (bucket) {
      case Bucket.META: meta.set(key, value); break;
      case Bucket.LEASES: leases.push(decodeLease(key, value)); break;
      case Bucket.ALARMS: alarms.push(alarmOfKey(key)); break;
      case Bucket.MEMBERS: members.push(decodeMember(key, value)); break;
      case Bucket.MEMBERS_REMOVED: removed.push(memberIdOfKey(key)); break;
      default: throw new StateFormatError(`the store has records in the unknown bucket ${bucket}`);
    }
  }
  if (records.length > 0) checkFormat(meta);
  const number = (key: string, otherwise: number): number => decoded(meta, key, decodeNumber, otherwise);
  return {
    leases: LeaseTable.restore(leases),
    alarms: AlarmTable.restore(alarms),
    members: records.length > 0 ? MemberTable.restore(members, removed) : MemberTable.create(initial.members),
    confState: decoded(meta, MetaKey.CONF_STATE, decodeConfState, initial.confState),
    clusterVersion: decoded(meta, MetaKey.CLUSTER_VERSION, decodeText, undefined),
    revision: number(MetaKey.REVISION, 1),
    compactedRevision: number(MetaKey.COMPACTED, -1),
  };
}

function decoded<T>(meta: ReadonlyMap<string, Buffer>, key: string, decode: (bytes: Buffer) => T, otherwise: T): T {
  const bytes = meta.get(key);
  return bytes === undefined ? otherwise : decode(bytes);
}

function checkFormat(meta: ReadonlyMap<string, Buffer>): void {
  const bytes = meta.get(MetaKey.FORMAT_VERSION);
  if (bytes === undefined) throw new StateFormatError('the store has state records, but not the version of their format');
  const version = decodeNumber(bytes);
  if (version > STATE_FORMAT_VERSION) throw new StateFormatError(`the store has state format ${version}, known is ${STATE_FORMAT_VERSION}`);
  const known: readonly string[] = Object.values(MetaKey);
  for (const key of meta.keys()) if (!known.includes(key)) throw new StateFormatError(`the store has the unknown record meta/${key}`);
}

/** Tells which records a batch has to hold: those of what changed since the last time. */
export class StateRecorder {
  private readonly lastMeta = new Map<string, string>();

  constructor(private readonly state: ReplicatedState, private readonly numbers: StoreNumbers) {}

  /** To be called once after a restore from records: they are in the store already. */
  skipRestored(): void {
    this.takeChanged();
  }

  takeChanged(): StateRecord[] {
    const { leases, members, alarms } = this.state;
    const records: StateRecord[] = [];
    for (const record of this.metaRecords()) {
      const content = (record.value as Buffer).latin1Slice();
      if (this.lastMeta.get(record.key) === content) continue;
      this.lastMeta.set(record.key, content);
      records.push(record);
    }
    for (const id of leases.takeChanged()) {
      const lease = leases.get(id);
      records.push({ bucket: Bucket.LEASES, key: idKey(id), value: lease && encodeLease(lease) });
    }
    for (const id of members.takeChanged()) {
      const member = members.get(id);
      records.push({ bucket: Bucket.MEMBERS, key: idKey(id), value: member && encodeMember(member) });
      if (members.isRemoved(id)) records.push({ bucket: Bucket.MEMBERS_REMOVED, key: idKey(id), value: encodePresence() });
    }
    const alarmsByKey = new Map(alarms.takeChanged().map((alarm) => [alarmKey(alarm), alarm]));
    for (const [key, alarm] of alarmsByKey) records.push({ bucket: Bucket.ALARMS, key, value: alarms.has(alarm) ? encodePresence() : undefined });
    return records;
  }

  /** All records, in an order that is equal on all members: what the hash of the state is made of. */
  *all(): Generator<StateRecord> {
    const { leases, members, alarms } = this.state;
    yield* this.metaRecords();
    const ids: bigint[] = [];
    for (const { id } of leases) ids.push(id);
    for (const id of ids.sort((a, b) => (a < b ? -1 : 1))) {
      const lease = leases.get(id);
      if (lease !== undefined) yield { bucket: Bucket.LEASES, key: idKey(id), value: encodeLease(lease) };
    }
    for (const alarm of alarms.list()) yield { bucket: Bucket.ALARMS, key: alarmKey(alarm), value: encodePresence() };
    for (const member of members.list()) yield { bucket: Bucket.MEMBERS, key: idKey(member.id), value: encodeMember(member) };
    for (const id of members.removedIds()) yield { bucket: Bucket.MEMBERS_REMOVED, key: idKey(id), value: encodePresence() };
  }

  private metaRecords(): StateRecord[] {
    const { confState, clusterVersion } = this.state;
    const { revision, compactedRevision } = this.numbers;
    const values: [string, Buffer | undefined][] = [
      [MetaKey.FORMAT_VERSION, encodeNumber(STATE_FORMAT_VERSION)],
      [MetaKey.REVISION, encodeNumber(revision)],
      [MetaKey.COMPACTED, compactedRevision < 0 ? undefined : encodeNumber(compactedRevision)],
      [MetaKey.CONF_STATE, encodeConfState(confState)],
      [MetaKey.CLUSTER_VERSION, clusterVersion === undefined ? undefined : encodeText(clusterVersion)],
    ];
    return values.filter(([, value]) => value !== undefined).map(([key, value]) => ({ bucket: Bucket.META, key, value }));
  }
}
