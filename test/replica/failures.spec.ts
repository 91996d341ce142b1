import { BackendFullError, BackendInterruptedError } from '@quorate/core';
import { SeededRandom } from '@quorate/sim';
import { outcomeOf, SimMember } from './sim-member.testing';

const value = Buffer.from('v');
const puts = (member: SimMember, count: number): Promise<unknown>[] => (
  Array.from({ length: count }, (_, at) => outcomeOf(member.kv.put({ key: `k${at}`, value })))
);
const countOf = async (member: SimMember): Promise<number> => (
  (await member.until(member.kv.range({ key: '\0', rangeEnd: '\0', countOnly: true }))).count
);

describe('a log that cannot be written any more', () => {
  it.each(['sync', 'write'] as const)('ends the member at a failed %s, and nothing of it is acknowledged', async (operation) => {
    const member = await SimMember.start({ seed: 1 });
    await member.until(member.kv.put({ key: 'before', value }));
    member.disk.failNext(operation);
    const outcomes = await member.until(Promise.all(puts(member, 20)));
    expect(new Set(outcomes)).toEqual(new Set(['stopped']));
    expect(member.failures).toHaveLength(1);
    expect(member.failures[0]!.message).toMatch(/WAL failed/);
    // A second attempt would succeed on the disk; it must not be made (the page cache may have dropped the bytes).
    expect(await member.until(outcomeOf(member.kv.put({ key: 'after', value })))).toBe('stopped');
    await member.clock.advance(5000);
    expect(member.failures).toHaveLength(1);
    const next = await member.restart(member.powerLoss(0));
    expect((await next.until(next.kv.range({ key: 'before' }))).count).toBe(1);
    expect((await next.until(next.kv.range({ key: 'after' }))).count).toBe(0);
  });

  it('shows no read what was written and never synced', async () => {
    const member = await SimMember.start({ seed: 2, diskDelayMs: () => 5 });
    member.disk.failNext('sync');
    const writes = Promise.all(puts(member, 5));
    const seen = new Set<number>();
    for (let step = 0; step < 20; step++) {
      await member.clock.advance(1);
      seen.add((await member.until(member.kv.range({ key: 'k', rangeEnd: 'l', countOnly: true, serializable: true }))).count);
    }
    await member.until(writes);
    expect([...seen]).toEqual([0]);
  });

  it('ends watches of its own accord when it stops, and the stop ends too', async () => {
    const member = await SimMember.start({ seed: 3 });
    const watch = await member.kv.watch({ key: 'k' });
    member.disk.failNext('sync');
    await member.until(Promise.all(puts(member, 1)));
    await member.stop();
    expect(watch.poll()).toMatchObject({ type: 'cancelled' });
  });
});

describe('a store that fails', () => {
  it('ends the member; the log brings everything back', async () => {
    const member = await SimMember.start({ seed: 4 });
    member.backend.commit = () => Promise.reject(new Error('the disk is broken'));
    const outcomes = await member.until(Promise.all(puts(member, 10)));
    expect(outcomes.every((outcome) => typeof outcome === 'object')).toBe(true);
    await member.clock.advance(1000);
    expect(member.failures.map(({ message }) => message)).toEqual(['the disk is broken']);
    const next = await member.restart(member.powerLoss(0));
    expect(await countOf(next)).toBe(10);
  });

  it('ends the member when a checkpoint cannot be synced, and the log keeps what it holds', async () => {
    const member = await SimMember.start({ seed: 5, config: { snapshotCount: 5, snapshotCatchUpEntries: 0 } });
    member.backend.sync = () => Promise.reject(new Error('no sync'));
    await member.until(Promise.all(puts(member, 30)));
    await member.clock.advance(1000);
    expect(member.failures.map(({ message }) => message)).toEqual(['no sync']);
    expect(await countOf(await member.restart(member.powerLoss(0)))).toBe(30);
  });

  it('that cannot read history ends the member, and a stop meanwhile does not', async () => {
    for (const stopping of [false, true]) {
      const member = await SimMember.start({ seed: 6 });
      await member.until(Promise.all(puts(member, 10)));
      await member.clock.advance(1000);
      member.backend.holdReads();
      const scan = member.backend.scan.bind(member.backend);
      member.backend.scan = async (...args) => {
        await scan(...args);
        throw new Error('the rows are gone');
      };
      await member.kv.watch({ key: 'k', rangeEnd: 'l', startRevision: 2 });
      await member.clock.settle();
      const stop = stopping ? member.replica.stop() : undefined;
      member.backend.resumeReads();
      await member.clock.advance(100);
      await stop;
      expect(member.failures.map(({ message }) => message)).toEqual(stopping ? [] : ['the rows are gone']);
    }
  });
});

describe('a read of the store', () => {
  /** A member whose old versions are no longer in memory. */
  async function withHistory(): Promise<SimMember> {
    const first = await SimMember.start({ seed: 9 });
    for (const text of ['1', '2', '3']) await first.until(first.kv.put({ key: 'k', value: Buffer.from(text) }));
    await first.stop();
    return first.restart({ disk: first.disk.kill(), backend: first.backend.reopen() });
  }

  it('that fails ends the member, whoever asked', async () => {
    const member = await withHistory();
    member.backend.read = () => Promise.reject(new Error('the page is damaged'));
    expect(await member.until(outcomeOf(member.kv.range({ key: 'k', revision: 2 })))).toBe('the page is damaged');
    expect(member.failures.map(({ message }) => message)).toEqual(['the page is damaged']);
  });

  it('that was interrupted does not; watches try again', async () => {
    const member = await withHistory();
    const scan = member.backend.scan.bind(member.backend);
    let interrupted = 0;
    member.backend.scan = (...args) => (++interrupted <= 3 ? Promise.reject(new BackendInterruptedError('too long')) : scan(...args));
    member.backend.read = () => Promise.reject(new BackendInterruptedError('too long'));
    expect(await member.until(outcomeOf(member.kv.range({ key: 'k', revision: 2 })))).toBe('too long');
    const watch = await member.kv.watch({ key: 'k', startRevision: 2 });
    await member.clock.settle();
    expect([watch.poll(), watch.poll(), watch.poll()].map((batch) => batch?.revision)).toEqual([2, 3, 4]);
    expect(interrupted).toBeGreaterThan(3);
    expect(member.failures).toEqual([]);
  });
});

describe('checkpoints', () => {
  it('never let go of log that the store does not hold durably, however long its sync takes', async () => {
    const member = await SimMember.start({
      seed: 7, segmentBytes: 16 * 1024, config: { snapshotCount: 10, snapshotCatchUpEntries: 3, maxRequestBytes: 8 * 1024 },
    });
    const random = new SeededRandom(7);
    const { backend, clock, replica } = member;
    let durable = 0;
    let trims = 0;
    const sync = backend.sync.bind(backend);
    backend.sync = async () => {
      await clock.sleep(random.int(800));
      durable = await sync();
      return durable;
    };
    let firstIndex = replica.readings().walFirstIndex;
    for (let round = 0; round < 150; round++) {
      await member.until(outcomeOf(member.kv.put({ key: `k${random.int(5)}`, value: Buffer.alloc(random.int(2000)) })));
      await clock.advance(random.int(100));
      const now = replica.readings().walFirstIndex;
      expect(now).toBeLessThanOrEqual(durable + 1);
      if (now > firstIndex) trims++;
      firstIndex = now;
    }
    expect(trims).toBeGreaterThan(3);
    expect(member.failures).toEqual([]);
    const next = await member.restart(member.powerLoss(0));
    expect(await countOf(next)).toBe(5);
  });

  it('that find no room on the disk of the store are tried again, and trim nothing meanwhile', async () => {
    const member = await SimMember.start({ seed: 10, segmentBytes: 16 * 1024, config: { snapshotCount: 5, snapshotCatchUpEntries: 0, maxRequestBytes: 8 * 1024 } });
    const { backend, replica } = member;
    const sync = backend.sync.bind(backend);
    let full = true;
    backend.sync = () => (full ? Promise.reject(new BackendFullError('no room')) : sync());
    const write = async (): Promise<void> => {
      for (let at = 0; at < 10; at++) {
        await member.until(member.kv.put({ key: 'k', value: Buffer.alloc(4000) }));
        await member.clock.advance(200);
      }
    };
    await write();
    expect(replica.readings().walFirstIndex).toBe(1);
    full = false;
    await write();
    expect(replica.readings().walFirstIndex).toBeGreaterThan(1);
    full = true;
    await member.stop();
    expect(member.failures).toEqual([]);
    expect(await countOf(await member.restart({ disk: member.disk.kill(), backend: backend.crash() }))).toBe(1);
  });

  it('come by bytes too, when few entries hold much', async () => {
    const member = await SimMember.start({ seed: 8, segmentBytes: 32 * 1024 * 1024, config: { maxRequestBytes: 2_000_000, batchIntervalMs: 1 } });
    let syncs = 0;
    const sync = member.backend.sync.bind(member.backend);
    member.backend.sync = () => {
      syncs++;
      return sync();
    };
    const large = Buffer.alloc(1_500_000, 'x');
    for (let at = 0; at < 50; at++) {
      await member.until(member.kv.put({ key: 'same', value: large }));
      await member.clock.advance(5);
    }
    expect(syncs).toBe(1);
  });
});
