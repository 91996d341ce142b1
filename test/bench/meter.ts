import type { CellResult } from './cell';
import { LatencyHistogram } from './histogram';
import { processUsage, type ProcessUsage } from './process-accounting';

/**
 * Counts what a workload reports. Successes and latencies count only between `begin` and `finish`; errors and faults
 * count always, so that a failing warm-up does not go unseen.
 */
export class Meter {
  private readonly histogram = new LatencyHistogram();
  private readonly errors = new Map<string, number>();
  private readonly faults: string[] = [];
  private recording = false;
  private startedAtMs = 0;
  private elapsedMs = 0;
  private serverAtStart: ProcessUsage | null = null;
  private serverAtEnd: ProcessUsage | null = null;
  private clientCpu: NodeJS.CpuUsage = { user: 0, system: 0 };

  constructor(private readonly serverPid: number | null) {}

  /** One successful operation, or one delivered event. */
  success(latencyMs: number): void {
    if (this.recording) this.histogram.record(latencyMs);
  }

  error(kind: string): void {
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
  }

  fault(text: string): void {
    this.faults.push(text);
  }

  get errorCount(): number {
    let sum = 0;
    for (const count of this.errors.values()) sum += count;
    return sum;
  }

  /** All errors and faults in one line, '' if there are none. */
  get complaints(): string {
    return [...this.faults, ...[...this.errors].map(([kind, count]) => `${count} x ${kind}`)].join('; ');
  }

  begin(): void {
    this.serverAtStart = this.serverPid === null ? null : processUsage(this.serverPid);
    this.clientCpu = process.cpuUsage();
    this.startedAtMs = performance.now();
    this.recording = true;
  }

  finish(): void {
    this.recording = false;
    this.elapsedMs = performance.now() - this.startedAtMs;
    this.clientCpu = process.cpuUsage(this.clientCpu);
    this.serverAtEnd = this.serverPid === null ? null : processUsage(this.serverPid);
    if (this.serverPid !== null && this.serverAtEnd === null)
      this.fault(`process ${this.serverPid} of the server cannot be accounted`);
  }

  result(): CellResult {
    const { serverAtStart: before, serverAtEnd: after } = this;
    return {
      operations: this.histogram.count,
      elapsedSeconds: this.elapsedMs / 1000,
      p50Ms: this.histogram.percentileMs(0.5),
      p99Ms: this.histogram.percentileMs(0.99),
      maxMs: this.histogram.maxMs,
      serverCpuSeconds: before === null || after === null ? null : after.cpuSeconds - before.cpuSeconds,
      clientCpuSeconds: (this.clientCpu.user + this.clientCpu.system) / 1e6,
      serverResidentBytes: after?.residentBytes ?? null,
      errors: Object.fromEntries(this.errors),
      faults: this.faults,
    };
  }
}
