import { ApiError, type ErrorCode } from '@quorate/api';
import type { CommandResult } from '../machine/applied';

interface Waiter {
  readonly deadlineMs: number;
  /** Whoever waits has gone when this aborts; it may live much longer than one proposal. */
  readonly signal: AbortSignal | undefined;
  readonly onAbort: (() => void) | undefined;
  resolve(result: CommandResult | Promise<CommandResult>): void;
  reject(error: Error): void;
}

/**
 * Who waits for which proposal. All wait equally long, so the map's order of insertion is the order of their deadlines
 * and one look at its head per tick replaces a timer per request.
 */
export class Waiters {
  private readonly parked = new Map<number, Waiter>();

  /** @param timeoutMs after which the outcome is unknown to the one who waits */
  constructor(private readonly timeoutMs: number) {}

  get size(): number {
    return this.parked.size;
  }

  has(id: number): boolean {
    return this.parked.has(id);
  }

  /** Resolves with the result of the command with this id. */
  park(id: number, nowMs: number, signal?: AbortSignal): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const onAbort = signal && ((): void => this.fail(id, 'cancelled'));
      this.parked.set(id, { deadlineMs: nowMs + this.timeoutMs, signal, onAbort, resolve, reject });
      if (onAbort) signal.addEventListener('abort', onAbort);
    });
  }

  settle(id: number, result: CommandResult | Promise<CommandResult>): void {
    const waiter = this.take(id);
    if (waiter) waiter.resolve(result);
    // Nobody is left who would hear that history could not be read.
    else if (result instanceof Promise) result.catch(() => undefined);
  }

  fail(id: number, code: ErrorCode): void {
    this.take(id)?.reject(new ApiError(code));
  }

  /** Rejects those whose time is up. */
  expire(nowMs: number): void {
    for (const [id, waiter] of this.parked) {
      if (waiter.deadlineMs > nowMs) return;
      this.fail(id, 'timeout');
    }
  }

  failAll(code: ErrorCode): void {
    for (const id of [...this.parked.keys()]) this.fail(id, code);
  }

  private take(id: number): Waiter | undefined {
    const waiter = this.parked.get(id);
    if (!waiter) return undefined;
    this.parked.delete(id);
    if (waiter.onAbort) waiter.signal?.removeEventListener('abort', waiter.onAbort);
    return waiter;
  }
}
