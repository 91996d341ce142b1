import { ApiError, type Clock } from '@quorate/api';

/** How long one call of the API may go on: until its deadline, its caller's signal, or the end of the client. */
export class CallScope {
  private fault: ApiError | undefined;
  private readonly listeners = new Set<(fault: ApiError) => void>();
  private readonly cancelTimer: (() => void) | undefined;
  private readonly onAbort = (): void => this.end(new ApiError('cancelled'));
  private readonly deadlineMs: number;

  /** @param timeoutMs `Infinity` for none */
  constructor(private readonly clock: Clock, timeoutMs: number, private readonly signal: AbortSignal | undefined) {
    this.deadlineMs = clock.monotonicMs() + timeoutMs;
    if (timeoutMs !== Infinity) this.cancelTimer = clock.setTimer(timeoutMs, () => this.end(new ApiError('deadline_exceeded')));
    if (signal?.aborted) this.onAbort();
    else signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Why it has ended, if it has. */
  get ended(): ApiError | undefined {
    return this.fault;
  }

  get leftMs(): number {
    return this.deadlineMs - this.clock.monotonicMs();
  }

  end(fault: ApiError): void {
    if (this.fault) return;
    this.fault = fault;
    this.release();
    for (const listener of this.listeners) listener(fault);
    this.listeners.clear();
  }

  /** Calls back when the scope ends, at once where it has; returns how to take the listener back. */
  onEnd(listener: (fault: ApiError) => void): () => void {
    if (this.fault) {
      listener(this.fault);
      return () => undefined;
    }
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves after the delay; rejects as soon as the scope ends. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelTimer = this.clock.setTimer(delayMs, () => {
        takeBack();
        resolve();
      });
      const takeBack = this.onEnd((fault) => {
        cancelTimer();
        reject(fault);
      });
    });
  }

  /** Gives back the timer and the listener on the caller's signal. */
  release(): void {
    this.cancelTimer?.();
    this.signal?.removeEventListener('abort', this.onAbort);
  }
}
