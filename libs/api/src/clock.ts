/** Takes back a timer; harmless after it fired. */
export type CancelTimer = () => void;

/**
 * The two clocks, and the only way to wait. `monotonicMs` measures every TTL, deadline and timeout; `wallMs` is for times
 * that people read and for schedules that were asked for as a date.
 */
export interface Clock {
  /** Milliseconds since some fixed moment; never steps and never goes back. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch; steps whenever somebody sets the machine's clock. */
  wallMs(): number;
  /** Calls back once, no earlier than after `delayMs` of monotonic time. */
  setTimer(delayMs: number, callback: () => void): CancelTimer;
}

/** Resolves after `delayMs` of monotonic time; rejects with the signal's reason as soon as the signal aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
