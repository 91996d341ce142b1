import { ApiError, type Clock } from '@quorate/api';
import { CLUSTER_ID, Feeder, MEMBER_ID } from '../machine/machine.testing';
import type { CommandBody } from '../machine/command';
import { LeaseKeeper } from './lease-keeper';
import type { Proposer } from './proposer';
import { Reads } from './reads';

const ELECTION_MS = 1000;

/** A keeper whose clock, rounds and proposals are in the test's hands; proposals are applied when it says so. */
class Stage {
  nowMs = 0;
  isLeader = true;
  readonly proposed: CommandBody[] = [];
  readonly reads = new Reads({ isSoleLeader: () => false, requestRound: () => undefined }, 5000);
  readonly keeper: LeaseKeeper;
  refuse = false;

  private constructor(readonly feeder: Feeder) {
    const clock: Clock = { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs, setTimer: () => () => undefined };
    const propose = (body: CommandBody): void => {
      if (this.refuse) throw new ApiError('no_space');
      this.proposed.push(body);
    };
    const proposer = { submitUnwatched: propose, submit: (body: CommandBody) => Promise.resolve(this.feeder.result(body)) } as Partial<Proposer> as Proposer;
    this.keeper = new LeaseKeeper({
      machine: feeder.machine, clock, random: { int: () => 0, bytes: (count) => Buffer.alloc(count, 7) }, electionMs: ELECTION_MS,
      reads: this.reads, proposer, header: () => ({ clusterId: CLUSTER_ID, memberId: MEMBER_ID, revision: 1, raftTerm: 1 }),
      isLeader: () => this.isLeader, term: () => feeder.term,
    });
  }

  static async withLease(ttlSeconds: number): Promise<Stage> {
    const stage = new Stage(await Feeder.onNewMember());
    stage.feeder.apply({ type: 'leaseGrant', id: 1n, ttlSeconds });
    stage.keeper.follow();
    return stage;
  }

  async confirmRound(round: number): Promise<void> {
    this.reads.confirm(round, 0);
    await new Promise((resolve) => { setImmediate(resolve); });
  }
}

describe('after a stall', () => {
  it('nothing ends until a round that began after the newest one is confirmed', async () => {
    const stage = await Stage.withLease(2);
    stage.nowMs = 10_000;
    stage.keeper.holdExpiry();
    const first = stage.reads.startRound()!;
    stage.keeper.holdExpiry();
    const second = stage.reads.startRound()!;
    await stage.confirmRound(first);
    stage.keeper.tick(stage.nowMs);
    expect(stage.proposed).toEqual([]);
    await stage.confirmRound(second);
    stage.keeper.tick(stage.nowMs + 1);
    expect(stage.proposed).toEqual([{ type: 'leaseExpire', term: 1, leases: [{ id: 1n, renewalEpoch: expect.any(Number) }] }]);
  });

  it('a round that finds no quorum is asked for again; the end of the member asks for none', async () => {
    const stage = await Stage.withLease(2);
    stage.nowMs = 10_000;
    stage.keeper.holdExpiry();
    stage.reads.startRound();
    stage.reads.expire(20_000);
    await stage.confirmRound(0);
    const again = stage.reads.startRound();
    expect(again).toBeDefined();
    stage.keeper.tick(20_000);
    expect(stage.proposed).toEqual([]);
    stage.reads.stop('stopped');
    await stage.confirmRound(0);
    stage.keeper.tick(20_001);
    expect(stage.proposed).toEqual([]);
  });
});

describe('deadlines', () => {
  it('run on a leader only', async () => {
    const stage = await Stage.withLease(2);
    stage.isLeader = false;
    stage.keeper.follow();
    stage.keeper.tick(100_000);
    expect(stage.proposed).toEqual([]);
    expect(() => stage.keeper.timeToLive({ id: 1n })).toThrow(expect.objectContaining({ code: 'not_leader' }));
  });

  it('outlive a proposal that was refused', async () => {
    const stage = await Stage.withLease(2);
    stage.refuse = true;
    stage.nowMs = 10_000;
    stage.keeper.tick(stage.nowMs);
    stage.refuse = false;
    stage.keeper.tick(stage.nowMs + 1000);
    expect(stage.proposed).toEqual([]);
    stage.keeper.tick(stage.nowMs + 4000);
    expect(stage.proposed).toMatchObject([{ type: 'leaseExpire' }]);
  });
});

describe('a keep-alive', () => {
  it('waits for a round of its own time', async () => {
    const stage = await Stage.withLease(2);
    let answer: unknown;
    void stage.keeper.keepAlive(1n).then((got) => { answer = got; });
    const round = stage.reads.startRound()!;
    await stage.confirmRound(round - 1);
    expect(answer).toBeUndefined();
    stage.nowMs = 1500;
    await stage.confirmRound(round);
    expect(answer).toMatchObject({ id: 1n, ttlSeconds: 2 });
    expect(stage.keeper.timeToLive({ id: 1n }).ttlSeconds).toBe(2);
  });

  it('of a lease whose end is on its way hears what becomes of it', async () => {
    const stage = await Stage.withLease(2);
    stage.nowMs = 10_000;
    stage.keeper.tick(stage.nowMs);
    const [expiry] = stage.proposed;
    stage.feeder.apply(expiry!);
    const answer = stage.keeper.keepAlive(1n);
    await stage.confirmRound(stage.reads.startRound()!);
    await expect(answer).resolves.toMatchObject({ ttlSeconds: 0 });
  });
});

test('a TTL below the least is raised to it, one beyond the largest is refused', async () => {
  const stage = await Stage.withLease(2);
  expect(stage.keeper.grantCommand({ ttlSeconds: 1 })).toMatchObject({ ttlSeconds: 2 });
  expect(stage.keeper.grantCommand({ ttlSeconds: 7, id: 9n })).toEqual({ type: 'leaseGrant', id: 9n, ttlSeconds: 7 });
  expect(() => stage.keeper.grantCommand({ ttlSeconds: 1e11 })).toThrow(expect.objectContaining({ code: 'lease_ttl_too_large' }));
});
