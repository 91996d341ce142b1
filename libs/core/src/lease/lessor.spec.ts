import fc from 'fast-check';
import { LeaseTable } from './lease-table';
import { type DueCheckpoint, type ExpiredLease, Lessor, type LessorOptions } from './lessor';

const MINUTE_MS = 60_000;

function leader(ttlsSeconds: readonly number[], options?: LessorOptions): { table: LeaseTable; lessor: Lessor } {
  const table = new LeaseTable();
  const lessor = new Lessor(table, options);
  ttlsSeconds.forEach((ttlSeconds, at) => table.grant(BigInt(at + 1), ttlSeconds, at + 1));
  lessor.promote(0, 1000);
  return { table, lessor };
}

const idsOf = (leases: readonly { readonly id: bigint }[]): bigint[] => leases.map(({ id }) => id);

describe('the lessor', () => {
  it('keeps no deadlines on a member that does not lead', () => {
    const table = new LeaseTable();
    const lessor = new Lessor(table);
    table.grant(1n, 2, 1);
    expect(lessor.renew(1n, 0)).toEqual({ type: 'not_leader' });
    expect(lessor.expired(1e9, 10)).toEqual([]);
    expect(lessor.remainingMs(1n, 0)).toBeUndefined();
    lessor.promote(0, 1000);
    lessor.demote();
    expect(lessor.expired(1e9, 10)).toEqual([]);
  });

  it('gives a lease its remaining time and an election timeout when it starts to lead', () => {
    const { lessor } = leader([2]);
    expect(lessor.remainingMs(1n, 0)).toBe(3000);
    expect(lessor.expired(2999, 10)).toEqual([]);
    expect(lessor.expired(3000, 10)).toEqual([{ id: 1n, renewalEpoch: 1 }]);
  });

  it('starts from the last checkpoint, not from the full TTL', () => {
    const table = new LeaseTable();
    const lessor = new Lessor(table);
    table.grant(1n, 3600, 1);
    table.checkpoint(1n, 100);
    lessor.promote(0, 1000);
    expect(lessor.remainingMs(1n, 0)).toBe(101_000);
  });

  it('takes over leases granted, renewed by entry and revoked while it leads', () => {
    const { table, lessor } = leader([]);
    table.grant(1n, 10, 1);
    expect(lessor.remainingMs(1n, 500)).toBe(10_000);
    table.clear(1n, 2);
    expect(lessor.remainingMs(1n, 4000)).toBe(10_000);
    table.remove(1n);
    expect(lessor.renew(1n, 4000)).toEqual({ type: 'unknown' });
    expect(lessor.expired(1e9, 10)).toEqual([]);
  });

  it('renews to the full TTL', () => {
    const { lessor } = leader([10]);
    expect(lessor.renew(1n, 8000)).toEqual({ type: 'renewed', ttlSeconds: 10 });
    expect(lessor.expired(17_999, 10)).toEqual([]);
    expect(idsOf(lessor.expired(18_000, 10))).toEqual([1n]);
  });

  it('asks for a replicated renewal where the replicated remaining time is below the TTL', () => {
    const { table, lessor } = leader([600]);
    table.checkpoint(1n, 300);
    expect(lessor.renew(1n, 1000)).toEqual({ type: 'clear_needed' });
    table.clear(1n, 10);
    expect(lessor.renew(1n, 2000)).toEqual({ type: 'renewed', ttlSeconds: 600 });
  });

  it('asks for it also while a checkpoint is under way that may lower the remaining time later', () => {
    const { table, lessor } = leader([3600]);
    expect(lessor.checkpointsDue(5 * MINUTE_MS, 10)).toHaveLength(1);
    expect(lessor.renew(1n, 5 * MINUTE_MS)).toEqual({ type: 'clear_needed' });
    table.clear(1n, 10);
    expect(lessor.renew(1n, 5 * MINUTE_MS)).toEqual({ type: 'renewed', ttlSeconds: 3600 });
  });

  it('renews a lease no more once its expiry was proposed, and proposes it again when nothing came of that', () => {
    const { table, lessor } = leader([2], { expiryRetryMs: 3000 });
    expect(idsOf(lessor.expired(3000, 10))).toEqual([1n]);
    expect(lessor.renew(1n, 3001)).toEqual({ type: 'expiring' });
    expect(lessor.remainingMs(1n, 3001)).toBe(0);
    expect(lessor.expired(5999, 10)).toEqual([]);
    expect(idsOf(lessor.expired(6000, 10))).toEqual([1n]);
    table.clear(1n, 7);
    expect(lessor.renew(1n, 6001)).toEqual({ type: 'renewed', ttlSeconds: 2 });
    expect(lessor.expired(8000, 10)).toEqual([]);
    expect(lessor.expired(8001, 10)).toEqual([{ id: 1n, renewalEpoch: 7 }]);
  });

  it('sets new deadlines for an id that is granted again with another TTL', () => {
    const { table, lessor } = leader([9000]);
    table.remove(1n);
    table.grant(1n, 5, 20);
    expect(lessor.expired(100, 10)).toEqual([]);
    expect(lessor.expired(5100, 10)).toEqual([{ id: 1n, renewalEpoch: 20 }]);
  });

  it('hands out no more than the rate allows, and at most what was asked for', () => {
    const { lessor } = leader(Array.from({ length: 900 }, () => 2), { expiriesPerSecondMax: 1000 });
    expect(lessor.expired(3000, 100)).toHaveLength(100);
    expect(lessor.expired(3000, 1000)).toHaveLength(400);
    expect(lessor.expired(3000, 1000)).toHaveLength(0);
    expect(lessor.expired(3100, 1000)).toHaveLength(100);
    expect(lessor.expired(3400, 1000)).toHaveLength(300);
  });

  it('spreads a crowd of leases after a change of leader, later only', () => {
    const { lessor } = leader([...Array.from({ length: 95 }, () => 2), 3, 3, 4, 10], { expiriesPerSecondMax: 40 });
    const remaining = Array.from({ length: 99 }, (_, at) => lessor.remainingMs(BigInt(at + 1), 0) as number);
    const perSecond = new Map<number, number>();
    for (const ms of remaining) perSecond.set(Math.floor(ms / 1000), (perSecond.get(Math.floor(ms / 1000)) ?? 0) + 1);
    expect([...perSecond].sort((a, b) => a[0] - b[0])).toEqual([[3, 30], [4, 30], [5, 30], [6, 8], [11, 1]]);
    expect(Math.min(...remaining)).toBe(3000);
  });

  it('lists leases with the soonest to end first', () => {
    const { lessor } = leader([30, 10, 20, 10]);
    expect(lessor.idsByDeadline(0)).toEqual([2n, 4n, 3n, 1n]);
    lessor.renew(2n, 5000);
    expect(lessor.idsByDeadline(5000)).toEqual([4n, 2n, 3n, 1n]);
  });

  it('checkpoints only long leases that nobody renewed for the interval', () => {
    const { table, lessor } = leader([60, 300, 3600, 7200]);
    expect(lessor.checkpointsDue(5 * MINUTE_MS - 1, 10)).toEqual([]);
    lessor.renew(4n, 2 * MINUTE_MS);
    const due = lessor.checkpointsDue(5 * MINUTE_MS, 10);
    expect(due).toEqual([{ id: 3n, renewalEpoch: 3, remainingSeconds: 3301 }]);
    expect(lessor.checkpointsDue(5 * MINUTE_MS, 10)).toEqual([]);
    table.checkpoint(3n, 3301);
    expect(lessor.checkpointsDue(7 * MINUTE_MS, 10)).toEqual([{ id: 4n, renewalEpoch: 4, remainingSeconds: 6900 }]);
    expect(idsOf(lessor.checkpointsDue(10 * MINUTE_MS, 10))).toEqual([3n]);
  });

  it('hands out checkpoints in portions', () => {
    const { lessor } = leader(Array.from({ length: 25 }, () => 3600));
    expect(lessor.checkpointsDue(6 * MINUTE_MS, 10)).toHaveLength(10);
    expect(lessor.checkpointsDue(6 * MINUTE_MS, 10)).toHaveLength(10);
    expect(lessor.checkpointsDue(6 * MINUTE_MS, 10)).toHaveLength(5);
  });

  it('knows when something may be due', () => {
    const { lessor } = leader([2, 3600]);
    expect(lessor.nextDueMs()).toBe(3000);
    expect(leader([]).lessor.nextDueMs()).toBeUndefined();
  });
});

/** One member's view of time and of what is proposed: the world of the property below. */
class World {
  readonly table = new LeaseTable();
  readonly lessor = new Lessor(this.table, { checkpointIntervalMs: 5000, expiryRetryMs: 1000 });
  /** Until when each lease was promised to its holder, and the TTL. */
  readonly promised = new Map<bigint, { untilMs: number; ttlSeconds: number }>();
  private readonly proposed: (() => void)[] = [];
  nowMs = 0;
  index = 0;
  private term = 1;
  early: bigint | undefined;

  constructor() {
    this.lessor.promote(0, 1000);
  }

  grant(id: bigint, ttlSeconds: number): void {
    if (this.table.grant(id, ttlSeconds, ++this.index) === undefined) this.promised.set(id, { untilMs: this.nowMs + ttlSeconds * 1000, ttlSeconds });
  }

  renew(id: bigint): void {
    const renewal = this.lessor.renew(id, this.nowMs);
    if (renewal.type === 'clear_needed') this.propose(() => this.table.clear(id, ++this.index));
    if (renewal.type === 'renewed') this.promised.set(id, { untilMs: this.nowMs + renewal.ttlSeconds * 1000, ttlSeconds: renewal.ttlSeconds });
  }

  tick(): void {
    for (const lease of this.lessor.expired(this.nowMs, 10)) this.propose(() => this.expire(lease));
    for (const lease of this.lessor.checkpointsDue(this.nowMs, 10)) this.propose(() => this.checkpoint(lease));
  }

  /** Applies the oldest entries that wait. */
  apply(count: number): void {
    for (const entry of this.proposed.splice(0, count)) entry();
  }

  /** Everything committed is applied before the new leader's lessor starts; what was not replicated is lost. */
  changeLeader(lost: number): void {
    this.proposed.splice(Math.max(0, this.proposed.length - lost));
    this.apply(this.proposed.length);
    this.term++;
    this.lessor.promote(this.nowMs, 1000);
  }

  private propose(entry: () => void): void {
    const { term } = this;
    this.proposed.push(() => { if (term === this.term) entry(); });
  }

  private expire({ id, renewalEpoch }: ExpiredLease): void {
    if (this.table.atEpoch(id, renewalEpoch) === undefined) return;
    if (this.nowMs < (this.promised.get(id)?.untilMs ?? 0)) this.early = id;
    this.table.remove(id);
    this.promised.delete(id);
  }

  private checkpoint({ id, renewalEpoch, remainingSeconds }: DueCheckpoint): void {
    if (this.table.atEpoch(id, renewalEpoch) !== undefined) this.table.checkpoint(id, remainingSeconds);
  }
}

describe('leases under renewals, lost proposals and changes of leader', () => {
  const id = fc.integer({ min: 1, max: 4 }).map(BigInt);
  const step = fc.oneof(
    fc.record({ do: fc.constant('grant' as const), id, ttlSeconds: fc.integer({ min: 2, max: 30 }) }),
    fc.record({ do: fc.constant('renew' as const), id }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 8000 }) }),
    fc.record({ do: fc.constant('apply' as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('changeLeader' as const), lost: fc.integer({ min: 0, max: 3 }) }),
  );

  it('never end early, and end at last when nobody renews them', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const world = new World();
      for (const what of steps) {
        if (what.do === 'grant') world.grant(what.id, what.ttlSeconds);
        else if (what.do === 'renew') world.renew(what.id);
        else if (what.do === 'wait') world.nowMs += what.ms;
        else if (what.do === 'apply') world.apply(what.count);
        else world.changeLeader(what.lost);
        world.tick();
        expect(world.early).toBeUndefined();
      }
      for (let round = 0; round < 40; round++) {
        world.nowMs += 1000;
        world.tick();
        world.apply(100);
        expect(world.early).toBeUndefined();
      }
      expect(world.table.size).toBe(0);
    }), { numRuns: 500 });
  });

  it('cost little when there are 100,000 of them', () => {
    const { lessor } = leader(Array.from({ length: 100_000 }, () => 60));
    for (let round = 1; round <= 10; round++) {
      for (let at = 1; at <= 100_000; at++) lessor.renew(BigInt(at), round * 1000);
    }
    expect(lessor.expired(61_000, 1000)).toEqual([]);
    expect(lessor.idsByDeadline(61_000)).toHaveLength(100_000);
  });
});
