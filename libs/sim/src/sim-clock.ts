import type { CancelTimer, Clock } from '@quorate/api';
import type { Scheduler } from '@quorate/core';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Wall time at monotonic 0: 2026-01-01. */
const EPOCH_MS = 1_767_225_600_000;

/**
 * Time, and the turns of the event loop, moved by hand: nothing happens but inside `settle`, `advance` and `until`, and
 * a day takes no longer than what happens in it. Timers fire in the order of their moments, equal ones in the order they
 * were set, all that are due before what was deferred; promises that are ready run before the next callback, as in Node.
 */
export class SimClock implements Clock, Scheduler {
  private readonly timers = new Set<Timer>();
  private deferred: (() => void)[] = [];
  private timersSet = 0;

  /**
   * @param promisesRan resolves when every promise that was ready, and all that followed from them, has run (`setImmediate` in Node)
   * @param nowMs monotonic milliseconds at the start; a machine that rebooted starts anywhere
   */
  constructor(private readonly promisesRan: () => Promise<void>, private nowMs = 0) {}

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return EPOCH_MS + this.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): CancelTimer {
    const timer: Timer = { atMs: this.nowMs + Math.max(0, delayMs), order: this.timersSet++, callback };
    this.timers.add(timer);
    return () => { this.timers.delete(timer); };
  }

  defer(callback: () => void): void {
    this.deferred.push(callback);
  }

  /** Resolves after `delayMs` of this clock's time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => { this.setTimer(delayMs, resolve); });
  }

  /** Runs everything that is ready, until nothing is; no time passes. */
  async settle(): Promise<void> {
    for (;;) {
      await this.promisesRan();
      const callbacks = this.deferred;
      const timer = this.earliest();
      if (timer !== undefined && timer.atMs <= this.nowMs) this.fire(timer);
      else if (callbacks.length > 0) {
        this.deferred = [];
        for (const callback of callbacks) callback();
      } else return;
    }
  }

  /** Time passes, and everything happens at its moment. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.nowMs + durationMs;
    await this.settle();
    for (let timer = this.earliest(); timer !== undefined && timer.atMs <= endMs; timer = this.earliest()) {
      this.nowMs = Math.max(this.nowMs, timer.atMs);
      await this.settle();
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  /** Time passes while the thread stands still: whatever came due meanwhile is late. */
  stall(durationMs: number): void {
    this.nowMs += durationMs;
  }

  /**
   * Lets time pass until the promise is settled, and gives its value or throws its error.
   * @throws Error if that takes longer than `limitMs`, or nothing would ever happen any more
   */
  async until<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let done = false;
    const finish = (): void => { done = true; };
    promise.then(finish, finish);
    const endMs = this.nowMs + limitMs;
    for (;;) {
      await this.settle();
      if (done) return promise;
      const timer = this.earliest();
      if (timer === undefined) throw new Error('it waits for something that will never happen');
      if (timer.atMs > endMs) throw new Error(`nothing came of it within ${limitMs} ms`);
      this.nowMs = Math.max(this.nowMs, timer.atMs);
    }
  }

  private earliest(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) {
      if (first === undefined || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) first = timer;
    }
    return first;
  }

  private fire(timer: Timer): void {
    this.timers.delete(timer);
    timer.callback();
  }
}
