/** Values below this are counted exactly; above it each power of two has half as many buckets (width at most 1/128). */
const EXACT_VALUES = 256;
const HALF = EXACT_VALUES / 2;
const BUCKETS = 25 * HALF;
/** The unit that latencies are counted in. */
const UNITS_PER_MILLISECOND = 10_000;
const VALUE_MAX = 2 ** 31 - 1;

/**
 * Counts latencies in buckets whose width grows with the value (the idea of HdrHistogram), so that recording is a few
 * integer operations on a fixed array: no allocation, no sorting, an error of at most 0.8 % at any size up to 214 s.
 */
export class LatencyHistogram {
  private readonly counts = new Uint32Array(BUCKETS);
  private total = 0;
  private largest = 0;

  record(milliseconds: number): void {
    const value = Math.max(Math.min(milliseconds * UNITS_PER_MILLISECOND, VALUE_MAX), 0) | 0;
    this.counts[bucketOf(value)]++;
    this.total++;
    if (milliseconds > this.largest) this.largest = milliseconds;
  }

  get count(): number {
    return this.total;
  }

  /** The largest recorded latency, exact; 0 if there is none. */
  get maxMs(): number {
    return this.largest;
  }

  /** The smallest latency that at least this share (0 to 1) of all did not exceed, as the middle of its bucket; 0 if there is none. */
  percentileMs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket];
      if (seen >= rank) return Math.min(middleOf(bucket) / UNITS_PER_MILLISECOND, this.largest);
    }
    return 0;
  }

  reset(): void {
    this.counts.fill(0);
    this.total = 0;
    this.largest = 0;
  }
}

function bucketOf(value: number): number {
  if (value < EXACT_VALUES) return value;
  const shift = 24 - Math.clz32(value);
  return shift * HALF + (value >>> shift);
}

function middleOf(bucket: number): number {
  if (bucket < EXACT_VALUES) return bucket + 0.5;
  const shift = Math.floor(bucket / HALF) - 1;
  return (bucket - shift * HALF + 0.5) * 2 ** shift;
}
