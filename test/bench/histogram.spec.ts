import { LatencyHistogram } from './histogram';
import { KeyPicker } from './kv-workloads';

/** The exact percentile by the same rule: the smallest value that at least this share does not exceed. */
function exactPercentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1];
}

describe('LatencyHistogram', () => {
  it.each([
    ['microseconds', 0.001, 0.2],
    ['milliseconds', 0.1, 40],
    ['seconds', 500, 60_000],
  ])('agrees with a sorted array within its bucket width for %s', (_name, lowMs, highMs) => {
    const picker = new KeyPicker(7, 2 ** 31);
    const histogram = new LatencyHistogram();
    const values: number[] = [];
    for (let count = 0; count < 20_000; count++) {
      // Squared, so that most values are small and the tail is long, as latencies are.
      const value = lowMs + (highMs - lowMs) * (picker.next() / 2 ** 31) ** 2;
      values.push(value);
      histogram.record(value);
    }
    for (const share of [0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = exactPercentile(values, share);
      // Half a bucket (1/256) plus half a counting unit of 0.1 µs.
      expect(Math.abs(histogram.percentileMs(share) - exact)).toBeLessThanOrEqual(exact / 256 + 0.0001);
    }
    expect(histogram.count).toBe(values.length);
    expect(histogram.maxMs).toBe(Math.max(...values));
  });

  it('is 0 without values and again after a reset', () => {
    const histogram = new LatencyHistogram();
    expect([histogram.percentileMs(0.5), histogram.maxMs, histogram.count]).toEqual([0, 0, 0]);
    histogram.record(3);
    histogram.reset();
    expect([histogram.percentileMs(0.5), histogram.maxMs, histogram.count]).toEqual([0, 0, 0]);
  });

  it('takes values outside its range as its ends', () => {
    const histogram = new LatencyHistogram();
    histogram.record(-1);
    histogram.record(1e9);
    expect(histogram.count).toBe(2);
    expect(histogram.percentileMs(1)).toBeGreaterThan(200_000);
  });
});
