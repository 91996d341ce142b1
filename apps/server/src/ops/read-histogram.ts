import { Histogram } from 'prom-client';
import type { Durations } from '@quorate/core';

type Collected = Awaited<ReturnType<Histogram['get']>>;

/** The library's code has names where its types have numbers. */
const HISTOGRAM = 'histogram' as unknown as Collected['type'];

/** A histogram that is kept elsewhere and read when it is asked for. */
export class ReadHistogram extends Histogram {
  constructor(private readonly metricName: string, private readonly help: string, private readonly durations: Durations) {
    super({ name: metricName, help, registers: [] });
  }

  override async get(): Promise<Collected> {
    const { boundsMs, counts, sumMs } = this.durations;
    const values: Collected['values'] = [];
    let total = 0;
    counts.forEach((count, at) => {
      total += count;
      const boundMs = boundsMs[at];
      values.push({ metricName: `${this.metricName}_bucket`, labels: { le: boundMs === undefined ? '+Inf' : boundMs / 1000 }, value: total });
    });
    values.push({ metricName: `${this.metricName}_sum`, labels: {}, value: sumMs / 1000 });
    values.push({ metricName: `${this.metricName}_count`, labels: {}, value: total });
    return { name: this.metricName, help: this.help, type: HISTOGRAM, aggregator: 'sum', values, collect: () => undefined };
  }

  /** What the registry asks for in place of `get` when it writes text. */
  getForPromString(): Promise<Collected> {
    return this.get();
  }
}
