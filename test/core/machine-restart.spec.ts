import fc from 'fast-check';
import { AlarmAction, AlarmType, type RequestOp } from '@quorate/api';
import { type CommandBody, encodeCommand, Machine, type MachineOptions, type MembershipChange } from '@quorate/core';
import { SimBackend } from '@quorate/sim';

const MEMBER = 1n;
const confStateOf = (voters: bigint[]): ReturnType<typeof initial>['confState'] => ({ voters, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false });
function initial(): NonNullable<MachineOptions['initial']> {
  return {
    members: [{ id: MEMBER, name: '', peerUrls: ['http://a:1'], clientUrls: [], isLearner: false }],
    confState: { voters: [MEMBER], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
  };
}

type Change = { readonly type: 'confChange'; readonly change: Omit<MembershipChange, 'proposalId'> };
type Step = CommandBody | Change;

/** A member as a log and a backend: what is applied, stored, and applied again after a restart. */
class Member {
  private constructor(private backend: SimBackend, private machine: Machine, private readonly log: Step[]) {}

  static async start(backend = new SimBackend(), log: Step[] = []): Promise<Member> {
    const machine = await Machine.restore({ clusterId: 9n, memberId: MEMBER, backend, initial: initial() }, await backend.load());
    const member = new Member(backend, machine, log);
    for (let index = machine.appliedIndex; index < log.length; index++) member.applyEntry(index + 1, log[index] as Step);
    return member;
  }

  apply(step: Step): void {
    this.log.push(step);
    this.applyEntry(this.log.length, step);
  }

  async store(): Promise<void> {
    const batch = this.machine.takeBatch();
    if (batch === undefined) return;
    await this.backend.commit(batch);
    this.machine.batchStored(batch);
  }

  /** A crash that keeps what was committed; the log is applied again from there. */
  restart(): Promise<Member> {
    return Member.start(this.backend.reopen(), this.log);
  }

  /** A restart in which the log was lost too, so that only what the store holds counts. */
  restartFromStore(): Promise<Member> {
    return Member.start(this.backend.reopen(), this.log.slice(0, this.machine.appliedIndex));
  }

  /** Everything that must survive; the hash stands for what it does not list. */
  async facts(): Promise<unknown> {
    const { machine } = this;
    const { kvs } = await machine.store.range({ key: '\0', rangeEnd: '\0' });
    const leases = [];
    for (const lease of { [Symbol.iterator]: () => machine.leases[Symbol.iterator]() }) {
      const { id, ttlSeconds, remainingSeconds, renewalEpoch } = lease;
      leases.push({ id, ttlSeconds, remainingSeconds, renewalEpoch, keys: machine.leases.keysOf(id) });
    }
    return {
      ...(await machine.stateHash()), term: machine.appliedTerm, revision: machine.store.currentRevision, compacted: machine.store.compactedRevision,
      size: machine.store.sizeBytes, kvs: kvs.map(({ encoded }) => encoded.toString('hex')), leases: leases.sort((a, b) => (a.id < b.id ? -1 : 1)),
      alarms: machine.alarms.list(), members: machine.members.list(), removed: machine.members.removedIds(), confState: machine.confState,
      clusterVersion: machine.clusterVersion,
    };
  }

  async hash(): Promise<number> {
    return (await this.machine.stateHash()).hash;
  }

  private applyEntry(index: number, step: Step): void {
    if (step.type === 'confChange') {
      const { change } = step;
      this.machine.applyConfChange(index, 1, { ...change, proposalId: 0 }, () => confStateOf(this.machine.members.list().map(({ id }) => id)));
    } else {
      let applied = this.machine.apply(index, 1, encodeCommand({ ...step, proposalId: index }), false);
      while (applied === undefined) applied = this.machine.resume();
    }
    this.machine.takeEvents();
  }
}

const value = Buffer.from('value');
const before: Step[] = [
  { type: 'leaseGrant', id: 1n, ttlSeconds: 600 },
  { type: 'leaseGrant', id: -2n, ttlSeconds: 60 },
  { type: 'put', request: { key: 'a', value, lease: 1n } },
  { type: 'put', request: { key: 'b', value, lease: -2n } },
  { type: 'put', request: { key: 'b', value: Buffer.alloc(0), ignoreLease: true } },
  { type: 'put', request: { key: '\xff\0', value } },
  { type: 'deleteRange', request: { key: '\xff\0' } },
  { type: 'alarm', request: { action: AlarmAction.ACTIVATE, memberId: 7n, alarm: AlarmType.CORRUPT + 1 } },
  { type: 'confChange', change: { type: 'add', memberId: 2n, peerUrls: ['http://b:1'], isLearner: true } },
];
const put = (key: string): RequestOp => ({ type: 'put', request: { key, value } });
const kinds: readonly [string, Step][] = [
  ['put', { type: 'put', request: { key: 'c', value } }],
  ['put that moves a lease', { type: 'put', request: { key: 'a', value, lease: -2n } }],
  ['delete', { type: 'deleteRange', request: { key: 'a', rangeEnd: 'c' } }],
  ['txn', { type: 'txn', request: { compare: [], success: [put('c'), put('d'), { type: 'deleteRange', request: { key: 'a' } }], failure: [] } }],
  ['compaction', { type: 'compact', request: { revision: 6 } }],
  ['compaction at a tombstone', { type: 'compact', request: { revision: 5 } }],
  ['lease grant', { type: 'leaseGrant', id: 3n, ttlSeconds: 9_000_000_000 }],
  ['lease revoke', { type: 'leaseRevoke', id: 1n }],
  ['lease expiry', { type: 'leaseExpire', term: 1, leases: [{ id: -2n, renewalEpoch: 2 }] }],
  ['lease checkpoint', { type: 'leaseCheckpoint', term: 1, leases: [{ id: 1n, renewalEpoch: 1, remainingSeconds: 300 }] }],
  ['lease renewal', { type: 'leaseClear', ids: [1n] }],
  ['alarm raised', { type: 'alarm', request: { action: AlarmAction.ACTIVATE, memberId: 2n ** 64n - 1n, alarm: AlarmType.NOSPACE } }],
  ['alarm disarmed', { type: 'alarm', request: { action: AlarmAction.DEACTIVATE, memberId: 7n, alarm: AlarmType.CORRUPT + 1 } }],
  ['member attributes', { type: 'memberAttributes', memberId: MEMBER, name: 'one', clientUrls: ['http://a:2'] }],
  ['cluster version', { type: 'clusterVersion', version: '3.6.0' }],
  ['member added', { type: 'confChange', change: { type: 'add', memberId: 2n ** 63n, peerUrls: ['http://c:1'], isLearner: false } }],
  ['member promoted', { type: 'confChange', change: { type: 'promote', memberId: 2n, peerUrls: [], isLearner: false } }],
  ['member updated', { type: 'confChange', change: { type: 'update', memberId: 2n, peerUrls: ['http://b:2'], isLearner: false } }],
  ['member removed', { type: 'confChange', change: { type: 'remove', memberId: 2n, peerUrls: [], isLearner: false } }],
];

describe('after a restart the whole replicated state is there', () => {
  it.each(kinds)('with the effects of a %s', async (_name, step) => {
    const member = await Member.start();
    for (const earlier of before) member.apply(earlier);
    await member.store();
    const hashBefore = await member.hash();
    member.apply(step);
    const facts = await member.facts();
    expect(await member.hash()).not.toBe(hashBefore);
    // From the old store and the log, and from the new store alone.
    const replayed = await member.restart();
    expect(await replayed.facts()).toEqual(facts);
    await replayed.store();
    const stored = await replayed.restartFromStore();
    expect(await stored.facts()).toEqual(facts);
  });

  it('with the applied index of entries that changed nothing', async () => {
    const member = await Member.start();
    member.apply({ type: 'noop' });
    member.apply({ type: 'put', request: { key: 'a', value, lease: 99n } });
    const facts = await member.facts();
    expect(facts).toMatchObject({ appliedIndex: 2, revision: 1 });
    await member.store();
    expect(await (await member.restartFromStore()).facts()).toEqual(facts);
  });
});

const key = fc.constantFrom('a', 'b', 'c', 'd', '\xff');
const lease = fc.constantFrom(0n, 1n, 2n, 3n);
const request = fc.record({ key, value: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)), lease, ignoreLease: fc.constant(false) });
const op = fc.oneof(
  request.map((of): RequestOp => ({ type: 'put', request: { ...of, lease: 0n } })),
  fc.record({ key, rangeEnd: key }).map((of): RequestOp => ({ type: 'deleteRange', request: of })),
);
const sightings = fc.array(fc.record({ id: lease, renewalEpoch: fc.integer({ min: 1, max: 20 }), remainingSeconds: fc.integer({ min: 1, max: 600 }) }), { maxLength: 3 });
const id = fc.constantFrom(1n, 2n, 3n);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: request.map((of): Step => ({ type: 'put', request: of })) },
  { weight: 2, arbitrary: fc.record({ key, rangeEnd: key }).map((of): Step => ({ type: 'deleteRange', request: of })) },
  { weight: 2, arbitrary: fc.array(op, { maxLength: 1 }).map((success): Step => ({ type: 'txn', request: { compare: [], success, failure: [] } })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 20 }).map((revision): Step => ({ type: 'compact', request: { revision } })) },
  { weight: 2, arbitrary: fc.record({ id, ttlSeconds: fc.integer({ min: 1, max: 1000 }) }).map((of): Step => ({ type: 'leaseGrant', ...of })) },
  id.map((of): Step => ({ type: 'leaseRevoke', id: of })),
  sightings.map((leases): Step => ({ type: 'leaseExpire', term: 1, leases })),
  sightings.map((leases): Step => ({ type: 'leaseCheckpoint', term: 1, leases })),
  fc.array(id, { maxLength: 2 }).map((ids): Step => ({ type: 'leaseClear', ids })),
  fc.record({ action: fc.integer({ min: 0, max: 2 }), memberId: id, alarm: fc.constant(AlarmType.NOSPACE) }).map((of): Step => ({ type: 'alarm', request: of })),
  fc.record({ type: fc.constantFrom('add' as const, 'promote' as const, 'update' as const, 'remove' as const), memberId: fc.constantFrom(2n, 3n), isLearner: fc.boolean() })
    .map((of): Step => ({ type: 'confChange', change: { ...of, peerUrls: [`http://${of.memberId}:1`] } })),
);

describe('members that stored and restarted at different moments', () => {
  it('hold the same state at the same index', async () => {
    const event = fc.oneof({ weight: 6, arbitrary: anyStep }, fc.constantFrom('store' as const, 'restart' as const));
    await fc.assert(fc.asyncProperty(fc.array(event, { maxLength: 40, size: 'max' }), async (events) => {
      const steady = await Member.start();
      let restarted = await Member.start();
      for (const what of events) {
        if (what === 'store') await restarted.store();
        else if (what === 'restart') restarted = await restarted.restart();
        else for (const member of [steady, restarted]) member.apply(what);
      }
      const facts = await steady.facts();
      expect(await restarted.facts()).toEqual(facts);
      await restarted.store();
      expect(await (await restarted.restartFromStore()).facts()).toEqual(facts);
    }), { numRuns: 300 });
  });
});
