import { type DataSource } from 'typeorm';
import { interrupt } from './connection';

/** A read that is under way on a connection of the pool, or beside it. */
interface ActiveRead {
  readonly source: DataSource;
  readonly startedMs: number;
}

/**
 * The connections that read, each used by one task at a time, so that no more threads read than there are connections.
 * Every read is bounded in time, because the -wal cannot start over while a read looks at it; `drained` makes that moment.
 */
export class ReaderPool {
  private readonly free: DataSource[];
  private readonly active = new Set<ActiveRead>();
  private readonly waiting: (() => void)[] = [];
  private closedGates = 0;
  private onIdle: (() => void) | undefined;

  constructor(
    readonly sources: readonly DataSource[],
    private readonly readMsMax: number,
  ) {
    this.free = [...sources];
  }

  /** Gives the task a connection of its own. A task that takes longer than allowed fails with `SQLITE_INTERRUPT`. */
  async run<T>(task: (source: DataSource) => Promise<T>, msMax = this.readMsMax): Promise<T> {
    while (this.closedGates > 0 || this.free.length === 0) await new Promise<void>((wake) => this.waiting.push(wake));
    const source = this.free.pop()!;
    try {
      return await this.track(source, msMax, () => task(source));
    } finally {
      this.free.push(source);
      this.wakeNext();
    }
  }

  /** A read on a connection outside the pool that counts like one inside it. */
  async runBeside<T>(source: DataSource, msMax: number, task: () => Promise<T>): Promise<T> {
    while (this.closedGates > 0) await new Promise<void>((wake) => this.waiting.push(wake));
    try {
      return await this.track(source, msMax, task);
    } finally {
      this.wakeNext();
    }
  }

  /** Runs the task while nothing reads. Reads under way have `waitMs` to end, then they are interrupted; new ones wait. */
  async drained<T>(waitMs: number, task: () => Promise<T>): Promise<T> {
    this.closedGates++;
    const timer = setInterval(() => this.interruptAll(), waitMs);
    try {
      if (this.active.size > 0) await new Promise<void>((idle) => (this.onIdle = idle));
      return await task();
    } finally {
      clearInterval(timer);
      this.closedGates--;
      for (let waiting = this.waiting.length; waiting > 0; waiting--) this.wakeNext();
    }
  }

  /** How long the oldest read that is under way has been running, in milliseconds; 0 if there is none. */
  longestReadMs(): number {
    let startedMs = Infinity;
    for (const read of this.active) startedMs = Math.min(startedMs, read.startedMs);
    return startedMs === Infinity ? 0 : performance.now() - startedMs;
  }

  async close(): Promise<void> {
    await this.drained(0, async () => {
      for (const source of this.sources) if (source.isInitialized) await source.destroy();
    });
  }

  private async track<T>(source: DataSource, msMax: number, task: () => Promise<T>): Promise<T> {
    const read: ActiveRead = { source, startedMs: performance.now() };
    this.active.add(read);
    const timer = msMax === Infinity ? undefined : setInterval(() => interrupt(source), msMax);
    timer?.unref();
    try {
      return await task();
    } finally {
      clearInterval(timer);
      this.active.delete(read);
      if (this.active.size === 0) this.onIdle?.();
    }
  }

  private interruptAll(): void {
    for (const read of this.active) interrupt(read.source);
  }

  private wakeNext(): void {
    this.waiting.shift()?.();
  }
}
