import { AlarmAction, AlarmType, type TxnRequest } from '@quorate/api';
import { Lessor } from '../lease/lessor';
import { type CommandBody, encodeCommand } from './command';
import { UnknownCommandError } from './command-bytes';
import { CLUSTER_ID, Feeder, MEMBER_ID, NEW_MEMBER, NOTHING_SAVED } from './machine.testing';
import { Machine } from './machine';

const value = (content: string): Buffer => Buffer.from(content);
const put = (key: string, lease = 0n): CommandBody => ({ type: 'put', request: { key, value: value(`of ${key}`), lease } });
const alarm = (action: number, type: number, memberId = MEMBER_ID): CommandBody => ({ type: 'alarm', request: { action, memberId, alarm: type } });
const txn = (over: Partial<TxnRequest>): CommandBody => ({ type: 'txn', request: { compare: [], success: [], failure: [], ...over } });
const txnOfPut: CommandBody = txn({ success: [{ type: 'put', request: { key: 't', value: value('') } }] });
const nestedPut: CommandBody = txn({ failure: [{ type: 'txn', request: { compare: [], success: [], failure: [{ type: 'put', request: { key: 't', value: value('') } }] } }] });

async function keys(feeder: Feeder): Promise<string[]> {
  const response = await feeder.machine.store.range({ key: '\0', rangeEnd: '\0' });
  return response.kvs.map((kv) => kv.key);
}

let feeder: Feeder;
beforeEach(async () => { feeder = await Feeder.onNewMember(); });

describe('the machine', () => {
  it('answers with the header of the entry that it applied', () => {
    feeder.term = 7;
    expect(feeder.result(put('a'))).toEqual({
      type: 'put', response: { header: { clusterId: CLUSTER_ID, memberId: MEMBER_ID, revision: 2, raftTerm: 7 } },
    });
    expect(feeder.machine).toMatchObject({ appliedIndex: 1, appliedTerm: 7 });
  });

  it('names the proposal, and gives the result only where somebody waits for it', () => {
    expect(feeder.apply(put('a'), false)).toEqual({ proposalId: 1, result: undefined, revision: 2 });
    expect(feeder.apply(put('a'), true).result).toBeDefined();
  });

  it('takes entries in order, without gaps, and no term that goes back', () => {
    const entry = encodeCommand({ type: 'noop', proposalId: 0 });
    feeder.machine.apply(1, 3, entry, false);
    expect(() => feeder.machine.apply(1, 3, entry, false)).toThrow('entry 1 is applied after entry 1');
    expect(() => feeder.machine.apply(3, 3, entry, false)).toThrow('entry 3 is applied after entry 1');
    expect(() => feeder.machine.apply(2, 2, entry, false)).toThrow('term 2');
  });

  it('takes the empty entry of a new leader for one that changes nothing', () => {
    expect(feeder.machine.apply(1, 1, Buffer.alloc(0), false)).toEqual({ proposalId: 0, result: undefined, revision: 1 });
  });

  it('stops at commands of a newer version, and at those of sessions and users, instead of skipping them', () => {
    const newer = encodeCommand({ type: 'noop', proposalId: 0 });
    newer[1] = 99;
    expect(() => feeder.machine.apply(1, 1, newer, false)).toThrow(UnknownCommandError);
    const ofSession = encodeCommand({ type: 'noop', proposalId: 0, session: { id: 1, number: 1, lowestUnanswered: 1 } });
    expect(() => feeder.machine.apply(1, 1, ofSession, false)).toThrow(UnknownCommandError);
    expect(feeder.machine.appliedIndex).toBe(0);
  });

  it('hands out the events of each entry once', () => {
    feeder.apply(put('a'));
    expect(feeder.machine.takeEvents()).toMatchObject({ revision: 2, events: [{ type: 0, kv: { key: 'a' } }] });
    expect(feeder.machine.takeEvents()).toBeUndefined();
    feeder.apply({ type: 'noop' });
    expect(feeder.machine.takeEvents()).toBeUndefined();
  });

  it('keeps what was decoded from an entry although the entry is overwritten afterwards', () => {
    const data = encodeCommand({ type: 'put', proposalId: 1, request: { key: 'a', value: value('kept') } });
    feeder.machine.apply(1, 1, data, false);
    data.fill(0);
    const response = feeder.machine.store.range({ key: 'a' });
    expect('kvs' in response && response.kvs[0]?.value.toString()).toBe('kept');
  });

  it('applies a delete of many keys in slices, unseen until it is whole', async () => {
    for (let at = 0; at < 10_000; at++) feeder.apply(put(`k${at}`), false);
    const machine = feeder.machine;
    const entry = encodeCommand({ type: 'deleteRange', proposalId: 1, request: { key: 'k', rangeEnd: 'l' } });
    expect(machine.apply(10_001, 1, entry, true)).toBeUndefined();
    expect(machine.appliedIndex).toBe(10_000);
    expect(() => machine.apply(10_002, 1, entry, true)).toThrow('before the one before it was finished');
    expect(machine.takeBatch()).toBeUndefined();
    expect((await machine.store.range({ key: 'k', rangeEnd: 'l', countOnly: true })).count).toBe(10_000);
    let applied;
    do applied = machine.resume(); while (applied === undefined);
    expect(applied).toMatchObject({ proposalId: 1, revision: 10_002, result: { type: 'deleteRange', response: { deleted: 10_000 } } });
    expect(await keys(feeder)).toEqual([]);
    expect(() => machine.resume()).toThrow('no entry to go on with');
  });

  it('refuses compactions as the store does', () => {
    feeder.apply(put('a'));
    feeder.apply(put('a'));
    expect(feeder.result({ type: 'compact', request: { revision: 4 } })).toEqual({ type: 'refused', error: 'future_revision' });
    expect(feeder.result({ type: 'compact', request: { revision: 3 } })).toMatchObject({ type: 'compact', response: { header: { revision: 3 } } });
    expect(feeder.result({ type: 'compact', request: { revision: 3 } })).toEqual({ type: 'refused', error: 'compacted' });
  });

  it('sets the cluster version', () => {
    expect(feeder.machine.clusterVersion).toBeUndefined();
    feeder.apply({ type: 'clusterVersion', version: '3.6.0' });
    expect(feeder.machine.clusterVersion).toBe('3.6.0');
  });
});

describe('lease commands', () => {
  const grant = (id: bigint, ttlSeconds = 60): CommandBody => ({ type: 'leaseGrant', id, ttlSeconds });

  it('grant a lease once', () => {
    expect(feeder.result(grant(5n))).toMatchObject({ type: 'leaseGrant', response: { id: 5n, ttlSeconds: 60, header: { revision: 1 } } });
    expect(feeder.result(grant(5n))).toEqual({ type: 'refused', error: 'lease_exists' });
    expect(feeder.result(grant(6n, 9_000_000_001))).toEqual({ type: 'refused', error: 'lease_ttl_too_large' });
  });

  it('let puts hang keys only on leases that exist', () => {
    expect(feeder.result(put('a', 5n))).toEqual({ type: 'refused', error: 'lease_unknown' });
    feeder.apply(grant(5n));
    feeder.apply(put('a', 5n));
    feeder.apply(put('b', 5n));
    feeder.apply(put('a'));
    expect(feeder.machine.leases.keysOf(5n)).toEqual(['b']);
  });

  it('revoke a lease with its keys in one revision, in byte order', async () => {
    feeder.apply(grant(5n));
    for (const key of ['b', 'a\xff', 'a', 'other']) feeder.apply(put(key, key === 'other' ? 0n : 5n));
    feeder.machine.takeEvents();
    expect(feeder.result({ type: 'leaseRevoke', id: 5n })).toMatchObject({ type: 'leaseRevoke', response: { header: { revision: 6 } } });
    expect(feeder.machine.takeEvents()).toMatchObject({ revision: 6, events: [{ kv: { key: 'a' } }, { kv: { key: 'a\xff' } }, { kv: { key: 'b' } }] });
    expect(await keys(feeder)).toEqual(['other']);
    expect(feeder.result({ type: 'leaseRevoke', id: 5n })).toEqual({ type: 'refused', error: 'lease_unknown' });
  });

  it('revoke a lease without keys without a revision', () => {
    feeder.apply(grant(5n));
    expect(feeder.result({ type: 'leaseRevoke', id: 5n })).toMatchObject({ response: { header: { revision: 1 } } });
    expect(feeder.machine.leases.has(5n)).toBe(false);
  });

  it('revoke a lease with 20,000 keys in slices', async () => {
    feeder.apply(grant(5n));
    for (let at = 0; at < 20_000; at++) feeder.apply(put(`k${at}`, 5n), false);
    feeder.apply({ type: 'leaseRevoke', id: 5n });
    expect(feeder.slices).toBeGreaterThan(10);
    expect(await keys(feeder)).toEqual([]);
    expect(feeder.machine.leases.size).toBe(0);
    const sorted = feeder.machine.takeEvents()?.events.map(({ kv }) => kv.key) ?? [];
    expect(sorted).toEqual([...sorted].sort());
    expect(sorted).toHaveLength(20_000);
  });

  it('expire only what the leader of this term saw at this epoch', async () => {
    for (const id of [1n, 2n, 3n]) feeder.apply(grant(id));
    for (const id of [1n, 2n, 3n]) feeder.apply(put(`key ${id}`, id));
    const leases = [1n, 2n, 9n].map((id) => ({ id, renewalEpoch: feeder.machine.leases.get(id)?.renewalEpoch ?? 1 }));
    feeder.apply({ type: 'leaseClear', ids: [2n, 8n] });
    feeder.term = 2;
    feeder.apply({ type: 'leaseExpire', term: 1, leases });
    expect(await keys(feeder)).toEqual(['key 1', 'key 2', 'key 3']);
    feeder.apply({ type: 'leaseExpire', term: 2, leases: [...leases, ...leases] });
    expect(await keys(feeder)).toEqual(['key 2', 'key 3']);
    expect([...idsOf(feeder)]).toEqual([2n, 3n]);
  });

  it('checkpoint only what the leader of this term saw at this epoch', () => {
    feeder.apply(grant(1n, 600));
    const leases = [{ id: 1n, renewalEpoch: 1, remainingSeconds: 300 }];
    feeder.term = 2;
    feeder.apply({ type: 'leaseCheckpoint', term: 1, leases });
    expect(feeder.machine.leases.get(1n)?.remainingSeconds).toBe(600);
    feeder.apply({ type: 'leaseCheckpoint', term: 2, leases });
    expect(feeder.machine.leases.get(1n)?.remainingSeconds).toBe(300);
    feeder.apply({ type: 'leaseClear', ids: [1n] });
    feeder.apply({ type: 'leaseCheckpoint', term: 2, leases });
    expect(feeder.machine.leases.get(1n)?.remainingSeconds).toBe(600);
  });

  /**
   * The canary of expiry: the old leader was paused past the TTL, finds the lease expired by its own clock, and its command
   * reaches the log only under the next leader, where the lease was renewed meanwhile by keep-alives that leave no entry.
   */
  it('do not let a leader that was paused past its term end a lease that the next leader renewed', async () => {
    feeder.apply(grant(1n, 10));
    feeder.apply(put('held', 1n));
    const paused = new Lessor(feeder.machine.leases);
    paused.promote(0, 1000);
    const other = new Lessor(feeder.machine.leases);
    feeder.term = 2;
    feeder.apply({ type: 'noop' });
    other.promote(2000, 1000);
    expect(other.renew(1n, 11_500)).toEqual({ type: 'renewed', ttlSeconds: 10 });
    const decided: CommandBody = { type: 'leaseExpire', term: 1, leases: paused.expired(12_000, 100) };
    expect(decided.leases).toHaveLength(1);
    feeder.apply(decided);
    expect(await keys(feeder)).toEqual(['held']);
    expect(other.remainingMs(1n, 12_000)).toBe(9500);
  });
});

function* idsOf(of: Feeder): Generator<bigint> {
  for (const { id } of { [Symbol.iterator]: () => of.machine.leases[Symbol.iterator]() }) yield id;
}

describe('gates and alarms', () => {
  const refused = (error: string): object => ({ type: 'refused', error });

  it('activate and deactivate by member and type, as etcd answers', () => {
    expect(feeder.result(alarm(AlarmAction.ACTIVATE, AlarmType.NONE))).toMatchObject({ response: { alarms: [] } });
    expect(feeder.result(alarm(AlarmAction.DEACTIVATE, AlarmType.NOSPACE))).toMatchObject({ response: { alarms: [] } });
    const active = { response: { alarms: [{ memberId: MEMBER_ID, alarm: AlarmType.NOSPACE }] } };
    expect(feeder.result(alarm(AlarmAction.ACTIVATE, AlarmType.NOSPACE))).toMatchObject(active);
    expect(feeder.result(alarm(AlarmAction.ACTIVATE, AlarmType.NOSPACE))).toMatchObject(active);
    feeder.apply(alarm(AlarmAction.ACTIVATE, AlarmType.NOSPACE, 3n));
    expect(feeder.result(alarm(AlarmAction.GET, AlarmType.NONE))).toMatchObject({
      response: { alarms: [{ memberId: 3n, alarm: 1 }, { memberId: MEMBER_ID, alarm: 1 }] },
    });
    expect(feeder.result(alarm(AlarmAction.DEACTIVATE, AlarmType.NOSPACE))).toMatchObject(active);
    expect(feeder.machine.alarms.list()).toEqual([{ memberId: 3n, alarm: AlarmType.NOSPACE }]);
  });

  it('refuse under NOSPACE what adds something, until the last member has disarmed', () => {
    feeder.apply({ type: 'leaseGrant', id: 1n, ttlSeconds: 60 });
    feeder.apply(put('a', 1n));
    feeder.apply(alarm(AlarmAction.ACTIVATE, AlarmType.NOSPACE));
    feeder.apply(alarm(AlarmAction.ACTIVATE, AlarmType.NOSPACE, 3n));
    for (const command of [put('b'), txnOfPut, nestedPut, { type: 'leaseGrant', id: 2n, ttlSeconds: 60 } as const]) {
      expect(feeder.result(command)).toEqual(refused('no_space'));
    }
    expect(feeder.result(txn({ success: [{ type: 'deleteRange', request: { key: 'x' } }] }))).toMatchObject({ type: 'txn' });
    expect(feeder.result({ type: 'deleteRange', request: { key: 'x' } })).toMatchObject({ type: 'deleteRange' });
    expect(feeder.result({ type: 'compact', request: { revision: 2 } })).toMatchObject({ type: 'compact' });
    expect(feeder.result({ type: 'leaseRevoke', id: 1n })).toMatchObject({ type: 'leaseRevoke' });
    feeder.apply(alarm(AlarmAction.DEACTIVATE, AlarmType.NOSPACE));
    expect(feeder.result(put('b'))).toEqual(refused('no_space'));
    feeder.apply(alarm(AlarmAction.DEACTIVATE, AlarmType.NOSPACE, 3n));
    expect(feeder.result(put('b'))).toMatchObject({ type: 'put' });
  });

  it('refuse under CORRUPT everything that touches data, before any other gate', async () => {
    feeder.apply({ type: 'leaseGrant', id: 1n, ttlSeconds: 60 });
    feeder.apply(put('a', 1n));
    feeder.apply(alarm(AlarmAction.ACTIVATE, AlarmType.NOSPACE));
    feeder.apply(alarm(AlarmAction.ACTIVATE, AlarmType.CORRUPT, 3n));
    const commands: CommandBody[] = [
      put('b'), txnOfPut, txn({}), { type: 'deleteRange', request: { key: 'a' } }, { type: 'compact', request: { revision: 2 } },
      { type: 'leaseGrant', id: 2n, ttlSeconds: 60 }, { type: 'leaseRevoke', id: 1n },
      { type: 'leaseExpire', term: 1, leases: [{ id: 1n, renewalEpoch: 1 }] },
    ];
    for (const command of commands) expect(feeder.result(command)).toEqual(refused('corrupt'));
    expect(await keys(feeder)).toEqual(['a']);
    expect(feeder.result({ type: 'clusterVersion', version: '3.6.0' })).toEqual({ type: 'done' });
    feeder.apply(alarm(AlarmAction.DEACTIVATE, AlarmType.CORRUPT, 3n));
    expect(feeder.result(put('b'))).toEqual(refused('no_space'));
  });
});

describe('membership', () => {
  const confState = { voters: [MEMBER_ID, 2n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
  const change = (type: 'add' | 'promote' | 'update' | 'remove', memberId: bigint, peerUrls: string[] = [], isLearner = false): unknown => {
    const { machine } = feeder;
    return machine.applyConfChange(++feeder.index, 1, { type, proposalId: 7, memberId, peerUrls, isLearner }, () => confState).result;
  };

  it('starts with the members of a new cluster', () => {
    expect(feeder.machine.members.list()).toEqual(NEW_MEMBER.initial?.members);
    expect(feeder.machine.confState).toEqual(NEW_MEMBER.initial?.confState);
  });

  it('adds, promotes, updates and removes, and answers with the members', () => {
    expect(change('add', 2n, ['http://b:1'], true)).toMatchObject({ type: 'membership', response: { header: { revision: 0 }, members: [{ id: 2n, isLearner: true }, { id: MEMBER_ID }] } });
    expect(feeder.machine.confState).toBe(confState);
    expect(change('promote', 2n)).toMatchObject({ response: { members: [{ id: 2n, isLearner: false, peerUrls: ['http://b:1'] }, {}] } });
    expect(change('update', 2n, ['http://b:2'])).toMatchObject({ response: { members: [{ peerUrls: ['http://b:2'] }, {}] } });
    expect(change('remove', 2n)).toMatchObject({ response: { members: [{ id: MEMBER_ID }] } });
    expect(feeder.machine.members.isRemoved(2n)).toBe(true);
  });

  it('refuses what does not fit, and leaves Raft as it is', () => {
    change('add', 2n, ['http://b:1']);
    change('add', 3n, ['http://c:1']);
    change('remove', 3n);
    const refusals: [Parameters<typeof change>, string][] = [
      [['add', 2n, ['http://x:1']], 'member_exists'], [['add', 4n, ['http://b:1']], 'peer_url_exists'],
      [['update', 2n, ['http://localhost:2380']], 'peer_url_exists'], [['update', 4n, []], 'member_unknown'],
      [['promote', 2n], 'member_not_learner'], [['promote', 4n], 'member_unknown'], [['remove', 4n], 'member_unknown'],
      [['add', 3n, ['http://c:1']], 'member_unknown'],
    ];
    for (const [args, error] of refusals) expect(change(...args)).toEqual({ type: 'refused', error });
    const before = feeder.machine.appliedIndex;
    feeder.machine.applyConfChange(++feeder.index, 1, { type: 'remove', proposalId: 1, memberId: 9n, peerUrls: [], isLearner: false }, () => { throw new Error('called'); });
    expect(feeder.machine.appliedIndex).toBe(before + 1);
  });

  it('takes what members publish about themselves', () => {
    const attributes = { name: 'one', clientUrls: ['http://localhost:2379'] };
    expect(feeder.result({ type: 'memberAttributes', memberId: MEMBER_ID, ...attributes })).toEqual({ type: 'done' });
    expect(feeder.machine.members.get(MEMBER_ID)).toMatchObject(attributes);
    expect(feeder.result({ type: 'memberAttributes', memberId: 9n, ...attributes })).toEqual({ type: 'refused', error: 'member_unknown' });
  });
});

describe('batches', () => {
  it('hold every effect once, with index and term, and nothing when nothing was applied', () => {
    expect(feeder.machine.takeBatch()).toBeUndefined();
    feeder.term = 3;
    feeder.apply(put('a'));
    feeder.apply({ type: 'leaseGrant', id: 1n, ttlSeconds: 60 });
    const batch = feeder.machine.takeBatch();
    expect(batch).toMatchObject({ appliedIndex: 2, appliedTerm: 3, compacted: [], revisions: [{ main: 2, sub: 0, tombstone: false }] });
    expect(batch?.state.map(({ bucket, key }) => `${bucket}/${key}`)).toEqual([
      'meta/formatVersion', 'meta/revision', 'meta/confState', 'leases/\0\0\0\0\0\0\0\x01', expect.stringMatching(/^members\//),
    ]);
    expect(feeder.machine.takeBatch()).toBeUndefined();
  });

  it('go one at a time, and free what they pinned when they are stored', () => {
    const { machine } = feeder;
    feeder.apply(put('a'));
    const first = machine.takeBatch();
    if (first === undefined) throw new Error('no batch');
    const pinned = machine.pendingBytes;
    expect(pinned).toBeGreaterThan(0);
    feeder.apply(put('b'));
    expect(machine.pendingBytes).toBeGreaterThan(pinned);
    expect(() => machine.takeBatch()).toThrow('before the one before it was stored');
    expect(() => machine.batchStored({ ...first })).toThrow('not the one on its way');
    machine.batchStored(first);
    const second = machine.takeBatch();
    if (second === undefined) throw new Error('no batch');
    expect(second.state.map(({ key }) => key)).toEqual(['revision']);
    machine.batchStored(second);
    expect(machine.pendingBytes).toBe(0);
  });

  it('are refused at the start of a store of a newer version', async () => {
    feeder.apply({ type: 'noop' });
    const batch = feeder.machine.takeBatch();
    const state = [...(batch?.state ?? [])];
    const at = state.findIndex(({ key }) => key === 'formatVersion');
    const saved = { ...NOTHING_SAVED, appliedIndex: 1 };
    await expect(Machine.restore(NEW_MEMBER, { ...saved, state: state.filter((_, position) => position !== at) })).rejects.toThrow('not the version');
    const newer = Buffer.from(state[at]?.value as Buffer);
    newer[1] = 2;
    await expect(Machine.restore(NEW_MEMBER, { ...saved, state: [...state.filter((_, position) => position !== at), { bucket: 'meta', key: 'formatVersion', value: newer }] })).rejects.toThrow('state format 2');
    await expect(Machine.restore(NEW_MEMBER, { ...saved, state: [...state, { bucket: 'later', key: 'x', value: newer }] })).rejects.toThrow('unknown bucket');
  });
});
