import { performance } from 'node:perf_hooks';
import type { CancelTimer, Clock } from '@quorate/api';

/** The longest delay that Node's timers take; a longer one fires at once. */
const TIMER_DELAY_MS_MAX = 0x7fff_ffff;

/** The clocks of this machine. Its timers keep the process alive only as long as what waits for them. */
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
    const arm = (): void => {
      // Node may fire a fraction early, and takes no delay beyond its maximum.
      const leftMs = Math.ceil(dueMs - performance.now());
      timer = setTimeout(() => (performance.now() >= dueMs ? callback() : arm()), Math.min(Math.max(leftMs, 0), TIMER_DELAY_MS_MAX));
    };
    arm();
    return () => clearTimeout(timer);
  }
}
