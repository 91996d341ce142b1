import type { WatchEvent } from '@quorate/api';
import type { Applied, Machine } from '../machine/machine';
import { proposalIdOf } from '../machine/command';
import type { Scheduler } from '../ports/scheduler';
import { type Entry, EntryType } from '../raft/types';
import type { Waiters } from './waiters';

/** Entries applied before sockets and timers get their turn, about 5 ms of small puts; and their bytes, since a transaction holds many changes. */
const ENTRIES_PER_TURN_MAX = 1000;
const BYTES_PER_TURN_MAX = 256 * 1024;

export interface ApplierListener {
  /** The changes of a revision, which is visible from now on. */
  published(revision: number, events: readonly WatchEvent[]): void;
  /** Everything up to this entry is applied. Called once per turn. */
  applied(index: number): void;
  /** An entry could not be applied: going on would diverge. */
  failed(error: Error): void;
}

/**
 * Applies committed entries one after the other. A long one (a range of a million keys, say) is carried on slice by
 * slice, while sockets and ticks are served; the entries behind it wait.
 */
export class Applier {
  private queue: Entry[] = [];
  private head = 0;
  private inProgress: Entry | undefined;
  private resumeRequested = false;
  private stopped = false;

  constructor(
    private readonly machine: Machine,
    private readonly waiters: Waiters,
    private readonly scheduler: Scheduler,
    private readonly listener: ApplierListener,
  ) {}

  /** Committed entries that are not applied yet. */
  get backlog(): number {
    return this.queue.length - this.head;
  }

  enqueue(entries: readonly Entry[]): void {
    if (this.head === this.queue.length) {
      this.queue = [...entries];
      this.head = 0;
    } else {
      for (const entry of entries) this.queue.push(entry);
    }
  }

  /** Applies nothing more; an entry that is half applied stays so, and was shown to nobody. */
  stop(): void {
    this.stopped = true;
  }

  /** Applies what is there, up to what fits a turn; the rest follows in later turns by itself. */
  run(): void {
    if (this.stopped || this.resumeRequested || this.head === this.queue.length) return;
    try {
      const before = this.machine.appliedIndex;
      const finished = this.applyTurn();
      if (this.machine.appliedIndex !== before) this.listener.applied(this.machine.appliedIndex);
      if (!finished) this.resumeLater();
    } catch (error) {
      this.stopped = true;
      this.listener.failed(error as Error);
    }
  }

  private resumeLater(): void {
    this.resumeRequested = true;
    this.scheduler.defer(() => {
      this.resumeRequested = false;
      this.run();
    });
  }

  /** False: there is more to do. */
  private applyTurn(): boolean {
    let bytes = 0;
    for (let count = 0; this.head < this.queue.length; count++) {
      if (count === ENTRIES_PER_TURN_MAX || bytes >= BYTES_PER_TURN_MAX) return false;
      const entry = this.queue[this.head] as Entry;
      const applied = this.step(entry);
      if (!applied) return false;
      this.head++;
      bytes += entry.data.length;
      this.finish(applied);
    }
    return true;
  }

  private step(entry: Entry): Applied | undefined {
    if (this.inProgress) {
      const applied = this.machine.resume();
      if (applied) this.inProgress = undefined;
      return applied;
    }
    if (entry.type !== EntryType.Normal) throw new Error(`entry ${entry.index}: a single member has no changes of membership`);
    const wanted = this.waiters.has(proposalIdOf(entry.data));
    const applied = this.machine.apply(entry.index, entry.term, entry.data, wanted);
    if (!applied) this.inProgress = entry;
    return applied;
  }

  private finish(applied: Applied): void {
    const change = this.machine.takeEvents();
    if (applied.result !== undefined) this.waiters.settle(applied.proposalId, applied.result);
    if (change) this.listener.published(change.revision, change.events);
  }
}
