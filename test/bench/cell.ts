/** What one measured cell is, and what comes out of it; both cross the process boundary as JSON. */

export const WORKLOADS = ['put', 'range', 'srange', 'txn', 'keepalive', 'watch'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** How many calls (or watchers) are in flight at a time, over how many connections. */
export interface Shape {
  readonly connections: number;
  readonly inFlight: number;
}

export interface CellSpec {
  readonly host: string;
  readonly port: number;
  /** Process to charge for the server's CPU and memory; null where it is not known. */
  readonly serverPid: number | null;
  readonly workload: WorkloadName;
  readonly shape: Shape;
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly seed: number;
  /** Nobody else writes to this server, so revisions must add up exactly. */
  readonly exclusive: boolean;
}

export interface CellResult {
  /** Successful operations (delivered events for the watch workload) within the measured seconds. */
  readonly operations: number;
  readonly elapsedSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** CPU of all the server's threads within the measured seconds; null where it is not known. */
  readonly serverCpuSeconds: number | null;
  readonly clientCpuSeconds: number;
  /** The server's resident memory at the end of the measured seconds; null where it is not known. */
  readonly serverResidentBytes: number | null;
  /** Failed operations by kind, warm-up and last answers included; none of them counts as an operation. */
  readonly errors: Readonly<Record<string, number>>;
  /** Why the cell cannot be trusted (lost connection, missing answers, revisions that do not add up); empty if it can. */
  readonly faults: readonly string[];
}
