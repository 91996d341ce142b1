import { performance } from 'node:perf_hooks';
import type { CancelTimer, Clock } from '@quorate/api';

/** The longest delay that Node's timers take; a longer one fires at once. */
const TIMER_DELAY_MS_MAX = 0x7fff_ffff;

/** The clocks of this machine. */
export class SystemClock implements Clock {
  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  setTimer(delayMs: number, callback: () => void): CancelTimer {
    const dueMs = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    // Node counts whole milliseconds from the start of its turn, so a timer can fire a fraction early.
    const wait = (): void => {
      const leftMs = dueMs - performance.now();
      if (leftMs <= 0) callback();
      else timer = setTimeout(wait, Math.min(Math.ceil(leftMs), TIMER_DELAY_MS_MAX));
    };
    timer = setTimeout(wait, Math.min(Math.max(0, Math.ceil(delayMs)), TIMER_DELAY_MS_MAX));
    return () => clearTimeout(timer);
  }
}
