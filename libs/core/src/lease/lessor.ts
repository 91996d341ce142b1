import { DeadlineHeap, type HeapItem } from './deadline-heap';
import type { Lease, LeaseTable } from './lease-table';

export interface LessorOptions {
  /** Leases handed out for expiry per second, so that a crowd of them does not crowd out everything else (etcd: 1000). */
  readonly expiriesPerSecondMax?: number;
  /** How often the remaining time of a lease that nobody renews is replicated (etcd: five minutes). */
  readonly checkpointIntervalMs?: number;
  /** After this a lease whose expiry was proposed, but has not been applied, is handed out again (etcd: three seconds). */
  readonly expiryRetryMs?: number;
}

/** A lease for the expiry command, with the renewal epoch that was seen. */
export interface ExpiredLease {
  readonly id: bigint;
  readonly renewalEpoch: number;
}

export interface DueCheckpoint extends ExpiredLease {
  readonly remainingSeconds: number;
}

/**
 * - `renewed`: the full TTL runs from now on;
 * - `clear_needed`: an entry says (or may soon say) that less than the TTL remains. Replicate a `leaseClear` of it, then ask
 *   again: answered before that, a change of leader could end the lease early;
 * - `expiring`: its expiry has been proposed. Ask again when that was applied;
 * - `unknown`: there is no such lease (any more);
 * - `not_leader`: this member keeps no deadlines.
 */
export type Renewal =
  | { readonly type: 'renewed'; readonly ttlSeconds: number }
  | { readonly type: 'clear_needed' | 'expiring' | 'unknown' | 'not_leader' };

interface Deadline extends HeapItem {
  readonly id: bigint;
  readonly ttlSeconds: number;
  /** Of the lease when the deadline was set; another one there means that it was renewed or granted again. */
  renewalEpoch: number;
  deadlineMs: number;
  renewedAtMs: number;
  /** Its expiry was proposed; handed out again at `deadlineMs`, which then stands for the next attempt. */
  expiring: boolean;
  /** A checkpoint was proposed and may still be applied. */
  checkpointing: boolean;
}

interface CheckpointMoment extends HeapItem {
  readonly deadline: Deadline;
}

const EXPIRIES_PER_SECOND = 1000;
const CHECKPOINT_INTERVAL_MS = 5 * 60 * 1000;
const EXPIRY_RETRY_MS = 3000;

const NOT_LEADER: Renewal = { type: 'not_leader' };
const UNKNOWN: Renewal = { type: 'unknown' };
const EXPIRING: Renewal = { type: 'expiring' };
const CLEAR_NEEDED: Renewal = { type: 'clear_needed' };

/**
 * The leader's deadlines of leases, kept in its memory only: late is allowed, early never. Every moment is handed in as
 * monotonic milliseconds and must not go back. Changes by entries are taken over at the next call, so a deadline never
 * starts before the entry was applied.
 */
export class Lessor {
  private readonly deadlines = new Map<bigint, Deadline>();
  private readonly expiries = new DeadlineHeap<Deadline>();
  private readonly checkpoints = new DeadlineHeap<CheckpointMoment>();
  private readonly touched = new Set<bigint>();
  private readonly rate: number;
  private readonly checkpointIntervalMs: number;
  private readonly expiryRetryMs: number;
  /** Expiries that may be handed out now: a token bucket that holds half a second of them. */
  private allowance = 0;
  private allowanceAtMs = 0;
  private leading = false;

  constructor(private readonly table: LeaseTable, options: LessorOptions = {}) {
    this.rate = options.expiriesPerSecondMax ?? EXPIRIES_PER_SECOND;
    this.checkpointIntervalMs = options.checkpointIntervalMs ?? CHECKPOINT_INTERVAL_MS;
    this.expiryRetryMs = options.expiryRetryMs ?? EXPIRY_RETRY_MS;
    table.observe((id) => { if (this.leading) this.touched.add(id); });
  }

  /** Whether this member keeps the deadlines. */
  get active(): boolean {
    return this.leading;
  }

  /**
   * This member leads, and has applied the first entry of its term. Each lease gets what is left of it by the last
   * checkpoint (all of its TTL without one), and an election timeout for the time without a leader.
   */
  promote(nowMs: number, electionTimeoutMs: number): void {
    this.demote();
    this.leading = true;
    this.allowance = 0;
    this.allowanceAtMs = nowMs;
    const all: Deadline[] = [];
    for (const lease of this.table) {
      const deadline = this.newDeadline(lease, nowMs, nowMs + lease.remainingSeconds * 1000 + electionTimeoutMs);
      all.push(deadline);
    }
    if (all.length > this.rate) spread(all, Math.max(1, Math.floor((this.rate * 3) / 4)));
    this.expiries.fill(all);
  }

  /** This member leads no more: all deadlines are forgotten. */
  demote(): void {
    this.leading = false;
    this.deadlines.clear();
    this.expiries.clear();
    this.checkpoints.clear();
    this.touched.clear();
  }

  /** A keep-alive. Answer it only after a quorum round that began after it arrived. */
  renew(id: bigint, nowMs: number): Renewal {
    if (!this.leading) return NOT_LEADER;
    this.follow(nowMs);
    const lease = this.table.get(id);
    const deadline = this.deadlines.get(id);
    if (lease === undefined || deadline === undefined) return UNKNOWN;
    if (deadline.expiring) return EXPIRING;
    if (deadline.checkpointing || lease.remainingSeconds < lease.ttlSeconds) return CLEAR_NEEDED;
    extend(deadline, lease, nowMs);
    return { type: 'renewed', ttlSeconds: lease.ttlSeconds };
  }

  /** Leases whose time is over, for one `leaseExpire`; at most `max`, and no more than the rate allows. */
  expired(nowMs: number, max: number): ExpiredLease[] {
    if (!this.leading) return [];
    this.follow(nowMs);
    this.refill(nowMs);
    const due: ExpiredLease[] = [];
    for (let top = this.expiries.peek(); top !== undefined && top.atMs <= nowMs; top = this.expiries.peek()) {
      if (this.deadlines.get(top.id) !== top) this.expiries.pop();
      else if (top.deadlineMs > nowMs) this.expiries.delayTop(top.deadlineMs);
      else {
        if (due.length >= max || this.allowance < 1) break;
        this.allowance--;
        top.expiring = true;
        top.deadlineMs = nowMs + this.expiryRetryMs;
        this.expiries.delayTop(top.deadlineMs);
        due.push({ id: top.id, renewalEpoch: top.renewalEpoch });
      }
    }
    return due;
  }

  /**
   * Leases for one `leaseCheckpoint`, at most `max`: those that nobody renewed during the last interval. Whoever renews
   * one of them from now on is told `clear_needed`, whether or not the checkpoint is ever applied.
   */
  checkpointsDue(nowMs: number, max: number): DueCheckpoint[] {
    if (!this.leading) return [];
    this.follow(nowMs);
    const due: DueCheckpoint[] = [];
    for (let top = this.checkpoints.peek(); top !== undefined && top.atMs <= nowMs && due.length < max; top = this.checkpoints.peek()) {
      const { deadline } = top;
      const remainingMs = deadline.deadlineMs - nowMs;
      if (this.deadlines.get(deadline.id) !== deadline) this.checkpoints.pop();
      else if (deadline.renewedAtMs + this.checkpointIntervalMs > nowMs) this.checkpoints.delayTop(deadline.renewedAtMs + this.checkpointIntervalMs);
      else {
        this.checkpoints.delayTop(nowMs + this.checkpointIntervalMs);
        const remainingSeconds = Math.ceil(remainingMs / 1000);
        if (deadline.expiring || remainingSeconds < 1 || remainingSeconds >= (this.table.get(deadline.id)?.remainingSeconds ?? 0)) continue;
        deadline.checkpointing = true;
        due.push({ id: deadline.id, renewalEpoch: deadline.renewalEpoch, remainingSeconds });
      }
    }
    return due;
  }

  /** Milliseconds until the lease is over; 0 when they have passed, `undefined` for a lease that is not known here. */
  remainingMs(id: bigint, nowMs: number): number | undefined {
    if (!this.leading) return undefined;
    this.follow(nowMs);
    const deadline = this.deadlines.get(id);
    if (deadline === undefined) return undefined;
    return deadline.expiring ? 0 : Math.max(0, deadline.deadlineMs - nowMs);
  }

  /** All leases, the soonest to end first; equal ones by id. */
  idsByDeadline(nowMs: number): bigint[] {
    this.follow(nowMs);
    return [...this.deadlines.values()].sort(byDeadline).map((deadline) => deadline.id);
  }

  /** When something may be due next; `undefined`: nothing is known to come. A moment too early is possible, one too late is not. */
  nextDueMs(): number | undefined {
    const moments = [this.expiries.peek()?.atMs, this.checkpoints.peek()?.atMs].filter((moment) => moment !== undefined);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  /** Takes over what entries have changed since the last call. */
  private follow(nowMs: number): void {
    if (this.touched.size === 0) return;
    for (const id of this.touched) this.followOne(id, nowMs);
    this.touched.clear();
  }

  private followOne(id: bigint, nowMs: number): void {
    const lease = this.table.get(id);
    const deadline = this.deadlines.get(id);
    if (lease === undefined) this.deadlines.delete(id);
    else if (deadline === undefined) this.expiries.push(this.newDeadline(lease, nowMs, nowMs + lease.remainingSeconds * 1000));
    else if (deadline.renewalEpoch !== lease.renewalEpoch) this.renewByEntry(deadline, lease, nowMs);
    else deadline.checkpointing = false;
  }

  private renewByEntry(deadline: Deadline, lease: Lease, nowMs: number): void {
    const remainingMs = lease.ttlSeconds * 1000;
    // Granted again under the same id with another TTL, or renewed while its next attempt to expire lies further away: its
    // places in the heaps do not fit any more.
    if (lease.ttlSeconds !== deadline.ttlSeconds || nowMs + remainingMs < deadline.atMs) {
      this.deadlines.delete(lease.id);
      this.expiries.push(this.newDeadline(lease, nowMs, nowMs + remainingMs));
      return;
    }
    deadline.renewalEpoch = lease.renewalEpoch;
    deadline.expiring = false;
    deadline.checkpointing = false;
    deadline.deadlineMs = nowMs + remainingMs;
    deadline.renewedAtMs = nowMs;
  }

  private newDeadline(lease: Lease, nowMs: number, deadlineMs: number): Deadline {
    const deadline: Deadline = {
      id: lease.id, ttlSeconds: lease.ttlSeconds, renewalEpoch: lease.renewalEpoch, atMs: deadlineMs, deadlineMs, renewedAtMs: nowMs,
      expiring: false, checkpointing: false,
    };
    this.deadlines.set(lease.id, deadline);
    if (lease.ttlSeconds * 1000 > this.checkpointIntervalMs) this.checkpoints.push({ atMs: nowMs + this.checkpointIntervalMs, deadline });
    return deadline;
  }

  private refill(nowMs: number): void {
    this.allowance = Math.min(Math.max(1, this.rate / 2), this.allowance + ((nowMs - this.allowanceAtMs) * this.rate) / 1000);
    this.allowanceAtMs = nowMs;
  }
}

function extend(deadline: Deadline, lease: Lease, nowMs: number): void {
  deadline.deadlineMs = Math.max(deadline.deadlineMs, nowMs + lease.ttlSeconds * 1000);
  deadline.renewedAtMs = nowMs;
}

/**
 * After a change of leader many leases end in the same moment. No more than `perSecond` stay in each second; the others
 * move to the next second that has room.
 */
function spread(deadlines: readonly Deadline[], perSecond: number): void {
  const used = new Map<number, number>();
  /** For a second that is full: one that may have room. Followed and shortened as in union-find. */
  const later = new Map<number, number>();
  for (const deadline of deadlines) {
    const wanted = Math.floor(deadline.deadlineMs / 1000);
    let second = wanted;
    for (let next = later.get(second); next !== undefined; next = later.get(second)) second = next;
    const count = (used.get(second) ?? 0) + 1;
    used.set(second, count);
    if (count >= perSecond) later.set(second, second + 1);
    if (second !== wanted) {
      shorten(later, wanted, second);
      deadline.deadlineMs += (second - wanted) * 1000;
      deadline.atMs = deadline.deadlineMs;
    }
  }
}

function shorten(later: Map<number, number>, from: number, to: number): void {
  let second = from;
  for (let next = later.get(second); next !== undefined && second < to; next = later.get(second)) {
    later.set(second, to);
    second = next;
  }
}

function byDeadline(a: Deadline, b: Deadline): number {
  if (a.deadlineMs !== b.deadlineMs) return a.deadlineMs - b.deadlineMs;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
