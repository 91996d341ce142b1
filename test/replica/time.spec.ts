import type { RequestOp } from '@quorate/api';
import { outcomeOf, SimMember } from './sim-member.testing';

const value = Buffer.from('v');
const leaseCount = async (member: SimMember): Promise<number> => (await member.until(member.kv.leaseLeases())).ids.length;

describe('a disk that hangs', () => {
  it('lets callers go with an unknown outcome; what it finishes later is there', async () => {
    let delayMs = 0;
    const member = await SimMember.start({ seed: 1, diskDelayMs: () => delayMs });
    delayMs = 20_000;
    const askedMs = member.clock.monotonicMs();
    const outcome = await member.until(outcomeOf(member.kv.put({ key: 'slow', value })));
    expect(outcome).toBe('timeout');
    const waitedMs = member.clock.monotonicMs() - askedMs;
    expect(waitedMs).toBeGreaterThanOrEqual(7000);
    expect(waitedMs).toBeLessThan(7200);
    // Ticks went on all the while, and so do reads.
    expect((await member.until(member.kv.range({ key: 'slow' }))).count).toBe(0);
    expect(member.replica.isLeader).toBe(true);
    delayMs = 0;
    await member.clock.advance(20_000);
    expect((await member.until(member.kv.range({ key: 'slow' }))).count).toBe(1);
    expect(member.failures).toEqual([]);
  });
});

describe('a thread that stood still', () => {
  const stalled = async (): Promise<{ member: SimMember; id: bigint }> => {
    const member = await SimMember.start({ seed: 2 });
    const { id } = await member.until(member.kv.leaseGrant({ ttlSeconds: 2 }));
    await member.until(member.kv.put({ key: 'held', value, lease: id }));
    await member.clock.advance(1000);
    return { member, id };
  };

  it('hears the keep-alives that waited in the sockets before it ends any lease', async () => {
    const { member, id } = await stalled();
    const answers: unknown[] = [];
    // The socket's turn comes after all timers that are due, and before what they deferred.
    member.clock.setTimer(1000, () => { void outcomeOf(member.kv.leaseKeepAlive(id)).then((answer) => answers.push(answer)); });
    member.clock.stall(5000);
    await member.clock.advance(150);
    expect(answers).toEqual([expect.objectContaining({ id, ttlSeconds: 2 })]);
    expect(await leaseCount(member)).toBe(1);
    expect(member.replica.measures).toMatchObject({ stalls: 1 });
    expect(member.replica.measures.longestStallMs).toBeGreaterThan(4000);
    await member.clock.advance(1500);
    expect(await leaseCount(member)).toBe(1);
  });

  it('ends the others once a round has confirmed that it leads', async () => {
    const { member } = await stalled();
    member.clock.stall(5000);
    await member.clock.settle();
    expect(await leaseCount(member)).toBe(1);
    await member.clock.advance(200);
    expect(await leaseCount(member)).toBe(0);
    expect((await member.until(member.kv.range({ key: 'held' }))).count).toBe(0);
  });

  it('counts a late tick as a stall only beyond two heartbeats', async () => {
    const { member } = await stalled();
    member.clock.stall(250);
    await member.clock.advance(100);
    expect(member.replica.measures.stalls).toBe(0);
  });
});

describe('leases', () => {
  it('end after their TTL and not before, with their keys in one revision', async () => {
    const member = await SimMember.start({ seed: 3 });
    const { id, ttlSeconds, header } = await member.until(member.kv.leaseGrant({ ttlSeconds: 1 }));
    expect(ttlSeconds).toBe(2);
    await member.until(member.kv.put({ key: 'a', value, lease: id }));
    await member.until(member.kv.put({ key: 'b', value, lease: id }));
    await member.clock.advance(1900);
    expect(await leaseCount(member)).toBe(1);
    await member.clock.advance(400);
    expect(await leaseCount(member)).toBe(0);
    expect((await member.until(member.kv.range({ key: 'a' }))).header.revision).toBe(header.revision + 3);
    expect(await member.until(outcomeOf(member.kv.leaseKeepAlive(id)))).toMatchObject({ ttlSeconds: 0 });
  });

  it('begin anew, with an election timeout more, when the member was down', async () => {
    const member = await SimMember.start({ seed: 4 });
    const { id } = await member.until(member.kv.leaseGrant({ ttlSeconds: 10 }));
    await member.clock.advance(9000);
    const next = await member.restart(member.powerLoss(0));
    expect((await next.until(next.kv.leaseTimeToLive({ id }))).ttlSeconds).toBeGreaterThanOrEqual(10);
    await next.clock.advance(10_900);
    expect(await leaseCount(next)).toBe(1);
    await next.clock.advance(400);
    expect(await leaseCount(next)).toBe(0);
  });

  it('that were checkpointed go on from there, and are renewed by an entry before that is answered', async () => {
    const member = await SimMember.start({ seed: 5 });
    const { id } = await member.until(member.kv.leaseGrant({ ttlSeconds: 1000 }));
    await member.clock.advance(601_000);
    const next = await member.restart(member.powerLoss(0));
    const remaining = (await next.until(next.kv.leaseTimeToLive({ id }))).ttlSeconds;
    expect(remaining).toBeGreaterThan(390);
    expect(remaining).toBeLessThan(410);
    const before = next.replica.readings().appliedIndex;
    expect(await next.until(next.kv.leaseKeepAlive(id))).toMatchObject({ ttlSeconds: 1000 });
    expect(next.replica.readings().appliedIndex).toBe(before + 1);
    expect(await next.until(next.kv.leaseKeepAlive(id))).toMatchObject({ ttlSeconds: 1000 });
    expect(next.replica.readings().appliedIndex).toBe(before + 1);
    // The renewal survives a crash that comes right after its answer.
    const last = await next.restart(next.powerLoss(0), 77);
    expect((await last.until(last.kv.leaseTimeToLive({ id }))).ttlSeconds).toBeGreaterThanOrEqual(1000);
  });

  it('by the thousand end in slices, each whole for those who look', async () => {
    const member = await SimMember.start({ seed: 6, segmentBytes: 8 * 1024 * 1024 });
    const { kv, clock } = member;
    const { id } = await member.until(kv.leaseGrant({ ttlSeconds: 3 }));
    for (let at = 0; at < 15_000; at += 100) {
      const success = Array.from({ length: 100 }, (_, n): RequestOp => ({ type: 'put', request: { key: `m${at + n}`, value, lease: id } }));
      await member.until(kv.txn({ compare: [], success, failure: [] }));
    }
    const counts: number[] = [];
    let turns = 0;
    const look = (): void => {
      void kv.range({ key: 'm', rangeEnd: 'n', countOnly: true, serializable: true }).then(({ count }) => counts.push(count));
      if (++turns < 100) clock.defer(look);
    };
    const revoked = kv.leaseRevoke(id);
    clock.defer(look);
    await member.until(revoked);
    expect(counts.filter((count) => count === 15_000).length).toBeGreaterThan(10);
    await clock.settle();
    expect(new Set(counts)).toEqual(new Set([15_000, 0]));
  });
});
