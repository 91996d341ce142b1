/** How often a peer may do something: so many times at once, and so many per second after that. */
export class Allowance {
  private left: number;
  private refilledMs: number;

  constructor(private readonly burst: number, private readonly perSecond: number, nowMs: number) {
    this.left = burst;
    this.refilledMs = nowMs;
  }

  /** False: the peer did it too often. `nowMs` is of any clock that only goes forward. */
  spend(cost: number, nowMs: number): boolean {
    this.left -= cost;
    if (this.left >= 0) return true;
    // Looked up only here: who stays within the burst costs nothing but a subtraction.
    this.left = Math.min(this.burst, this.left + ((nowMs - this.refilledMs) / 1000) * this.perSecond);
    this.refilledMs = nowMs;
    return this.left >= 0;
  }

  /** Allows that much more, up to the burst. */
  earn(count: number): void {
    this.left = Math.min(this.burst, this.left + count);
  }
}
