import type { RequestOp } from '@quorate/api';
import { BackendFullError } from '@quorate/core';
import { SimDisk, SeededRandom } from '@quorate/sim';
import { outcomeOf, SimMember } from './sim-member.testing';

const kilobyte = Buffer.alloc(1000, 'v');

/** Writes until one is refused. @returns how many were taken, and the refusal */
async function fill(member: SimMember, limit: number): Promise<{ taken: number; refusal: unknown }> {
  for (let taken = 0; taken < limit; taken++) {
    const outcome = await member.until(outcomeOf(member.kv.put({ key: `k${taken}`, value: kilobyte })));
    if (typeof outcome === 'string') return { taken, refusal: outcome };
  }
  return { taken: limit, refusal: undefined };
}

describe('a store that lags', () => {
  it('stops writes, not reads, once too many bytes wait for it, and lets them go on when it has caught up', async () => {
    const member = await SimMember.start({ seed: 1, config: { pendingBytesMax: 20_000 } });
    member.backend.holdCommits();
    const { taken, refusal } = await fill(member, 100);
    expect(refusal).toBe('too_many_requests');
    expect(taken).toBeGreaterThan(5);
    expect(taken).toBeLessThan(25);
    expect((await member.until(member.kv.range({ key: 'k', rangeEnd: 'l', countOnly: true }))).count).toBe(taken);
    expect(member.replica.readings().pendingBytes).toBeGreaterThan(20_000);
    member.backend.resumeCommits();
    await member.clock.advance(300);
    expect(typeof await member.until(outcomeOf(member.kv.put({ key: 'again', value: kilobyte })))).toBe('object');
    expect(member.failures).toEqual([]);
  });

  it('does not make a member that is alone hold applied entries for nobody', async () => {
    const member = await SimMember.start({ seed: 21 });
    member.backend.holdCommits();
    expect((await fill(member, 50)).taken).toBe(50);
    const { applied, memoryStart, memoryBytes } = member.replica.raftStatus();
    expect(applied).toBeGreaterThanOrEqual(50);
    expect({ memoryStart, memoryBytes }).toEqual({ memoryStart: applied, memoryBytes: 0 });
    member.backend.resumeCommits();
    await member.clock.advance(300);
    expect(member.failures).toEqual([]);
  });

  it('may be full for long: it is tried again, under the same limit', async () => {
    const member = await SimMember.start({ seed: 2, config: { pendingBytesMax: 20_000 } });
    member.backend.full = true;
    expect((await fill(member, 100)).refusal).toBe('too_many_requests');
    await member.clock.advance(60_000);
    expect(member.failures).toEqual([]);
    expect(member.lines.some(({ level, message }) => level === 'warn' && /full/.test(message))).toBe(true);
    member.backend.full = false;
    await member.clock.advance(1200);
    expect((await fill(member, 5)).refusal).toBeUndefined();
  });

  it('that is full does not keep the member from stopping; the log has the rest', async () => {
    const member = await SimMember.start({ seed: 3 });
    const { taken } = await fill(member, 10);
    member.backend.full = true;
    await fill(member, 10);
    await member.clock.advance(1500);
    await member.until(member.kv.put({ key: 'last', value: kilobyte }));
    await member.stop();
    expect(member.failures).toEqual([]);
    const next = await member.restart({ disk: member.disk.kill(), backend: member.backend.reopen() });
    expect((await next.until(next.kv.range({ key: '\0', rangeEnd: '\0', countOnly: true }))).count).toBe(taken + 1);
  });
});

describe('a store that is full when it is to be synced', () => {
  it('is tried again, and the log is shortened once it succeeds', async () => {
    const member = await SimMember.start({ seed: 8, segmentBytes: 8 * 1024, config: { snapshotCount: 10, snapshotCatchUpEntries: 1 } });
    const synced = jest.spyOn(member.backend, 'sync').mockRejectedValueOnce(new BackendFullError('no room left'));
    expect((await fill(member, 30)).refusal).toBeUndefined();
    await member.clock.advance(200);
    expect(synced).toHaveBeenCalledTimes(1);
    expect(member.replica.readings().walFirstIndex).toBe(1);
    await member.clock.advance(2000);
    expect(member.failures).toEqual([]);
    expect(member.replica.readings().walFirstIndex).toBeGreaterThan(1);
  });
});

describe('an apply that lags', () => {
  it('stops writes once too many committed entries wait for it', async () => {
    const member = await SimMember.start({ seed: 4, segmentBytes: 8 * 1024 * 1024 });
    const { kv, clock } = member;
    const keys = 20_000;
    for (let at = 0; at < keys; at += 100) {
      const success = Array.from({ length: 100 }, (_, n): RequestOp => ({ type: 'put', request: { key: `m${at + n}`, value: kilobyte.subarray(0, 1) } }));
      await member.until(kv.txn({ compare: [], success, failure: [] }));
    }
    const deletion = kv.deleteRange({ key: 'm', rangeEnd: 'n' });
    const burst = Array.from({ length: 5200 }, (_, at) => outcomeOf(kv.put({ key: `b${at}`, value: kilobyte.subarray(0, 1) })));
    const probes: Promise<unknown>[] = [];
    const counts: number[] = [];
    const probe = (): void => {
      probes.push(outcomeOf(kv.put({ key: 'probe', value: kilobyte.subarray(0, 1) })));
      void kv.range({ key: 'm', rangeEnd: 'n', countOnly: true, serializable: true }).then(({ count }) => counts.push(count));
      if (probes.length < 60) clock.defer(probe);
    };
    clock.defer(probe);
    expect((await member.until(deletion)).deleted).toBe(keys);
    const outcomes = await member.until(Promise.all(probes));
    expect(outcomes).toContain('too_many_requests');
    expect(typeof outcomes[outcomes.length - 1]).toBe('object');
    expect((await member.until(Promise.all(burst))).every((outcome) => typeof outcome === 'object')).toBe(true);
    // The thread was free between the slices, and nobody saw a part of the deletion.
    expect(counts.filter((count) => count === keys).length).toBeGreaterThan(10);
    expect(new Set(counts)).toEqual(new Set([keys, 0]));
  });
});

describe('a disk without room for the next segment of the log', () => {
  const segmentBytes = 64 * 1024;
  const crowded = (seed: number, capacityBytes: number): Promise<SimMember> => (
    SimMember.start({ seed, segmentBytes, disk: { capacityBytes, random: new SeededRandom(seed) } })
  );

  it('stops writes, not reads, and lets them go on when there is room again', async () => {
    const member = await crowded(5, 1.5 * segmentBytes);
    const { taken, refusal } = await fill(member, 100);
    expect(refusal).toBe('no_space');
    expect(taken).toBeGreaterThan(30);
    expect((await member.until(member.kv.range({ key: 'k', rangeEnd: 'l', countOnly: true }))).count).toBe(taken);
    await member.clock.advance(10_000);
    expect(await member.until(outcomeOf(member.kv.put({ key: 'x', value: kilobyte })))).toBe('no_space');
    expect(member.failures).toEqual([]);
    member.disk.capacityBytes = 10 * segmentBytes;
    await member.until(outcomeOf(member.kv.put({ key: 'x', value: kilobyte })));
    await member.clock.advance(100);
    expect((await fill(member, 100)).refusal).toBeUndefined();
  });

  it('does not keep the member from starting; what it could not publish follows', async () => {
    const member = await crowded(6, 1.5 * segmentBytes);
    const { taken } = await fill(member, 100);
    const next = await SimMember.start({ ...member.options, remains: member.kill(), config: { name: 'renamed' } });
    expect((await next.until(next.kv.range({ key: 'k', rangeEnd: 'l', countOnly: true }))).count).toBe(taken);
    const name = async (): Promise<string> => (await next.until(next.replica.maintenance.memberList(false))).members[0]!.name;
    expect(await name()).toBe('default');
    next.disk.capacityBytes = 10 * segmentBytes;
    await next.clock.advance(2500);
    expect(await name()).toBe('renamed');
    expect(next.failures).toEqual([]);
  });
});

describe('large writes that come faster than the next segment of the log is prepared', () => {
  const slow = (seed: number, disk = {}): Promise<SimMember> => (
    SimMember.start({ seed, segmentBytes: 64 * 1024, diskDelayMs: (random) => random.int(20), disk })
  );

  it('wait for it, all of them, in their order', async () => {
    const member = await slow(9);
    const sent = Array.from({ length: 300 }, (_, at) => outcomeOf(member.kv.put({ key: `k${String(at).padStart(3, '0')}`, value: kilobyte })));
    const outcomes = await member.until(Promise.all(sent));
    expect(outcomes.filter((outcome) => typeof outcome === 'string')).toEqual([]);
    const { kvs } = await member.until(member.kv.range({ key: 'k', rangeEnd: 'l' }));
    expect(kvs.map(({ modRevision }) => modRevision)).toEqual(kvs.map((_, at) => at + 2));
    expect(kvs).toHaveLength(300);
  });

  it('are refused when it turns out that the disk has no room for it', async () => {
    const member = await slow(10, { capacityBytes: 3.5 * 64 * 1024 });
    const sent = Array.from({ length: 300 }, (_, at) => outcomeOf(member.kv.put({ key: `k${at}`, value: kilobyte })));
    const outcomes = await member.until(Promise.all(sent));
    const taken = outcomes.filter((outcome) => typeof outcome === 'object').length;
    expect(taken).toBeGreaterThan(60);
    expect(new Set(outcomes.filter((outcome) => typeof outcome === 'string'))).toEqual(new Set(['no_space']));
    expect((await member.until(member.kv.range({ key: 'k', rangeEnd: 'l', countOnly: true }))).count).toBe(taken);
    expect(member.failures).toEqual([]);
  });
});

describe('a request that is too large', () => {
  it('is refused before it costs anything', async () => {
    const member = await SimMember.start({ seed: 7 });
    const before = member.replica.readings().walLastIndex;
    expect(await member.until(outcomeOf(member.kv.put({ key: 'k', value: Buffer.alloc(17 * 1024) })))).toBe('request_too_large');
    expect(member.replica.readings().walLastIndex).toBe(before);
    expect(member.disk).toBeInstanceOf(SimDisk);
  });
});
