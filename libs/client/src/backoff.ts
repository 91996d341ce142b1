import type { Random } from '@quorate/api';

/** Waits between attempts: full jitter under a ceiling that doubles, so that many clients do not come back at once. */
export class Backoff {
  private attempts = 0;

  constructor(private readonly random: Random, private readonly baseMs: number, private readonly maxMs: number) {}

  /** How long to wait before the next attempt. */
  nextMs(): number {
    const ceilingMs = Math.min(this.maxMs, this.baseMs * 2 ** Math.min(this.attempts, 30));
    this.attempts++;
    return 1 + this.random.int(Math.max(1, Math.floor(ceilingMs)));
  }

  reset(): void {
    this.attempts = 0;
  }
}
