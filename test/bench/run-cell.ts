import type { CellResult, CellSpec } from './cell';
import { Connection } from './connection';
import { KeepAliveWorkload } from './keep-alive-workload';
import { ReadWorkload, WriteWorkload } from './kv-workloads';
import { Meter } from './meter';
import { WatchWorkload } from './watch-workload';
import type { Workload } from './workload';

/** How long answers may still take after the load has ended. */
const DRAIN_TIMEOUT_MS = 15_000;
const DRAIN_POLL_MS = 5;

/** Runs one cell against a server that is up: prepare, warm up, measure, wait for the last answers, verify. */
export async function runCell(spec: CellSpec, drainTimeoutMs = DRAIN_TIMEOUT_MS): Promise<CellResult> {
  const meter = new Meter(spec.serverPid);
  const connections: Connection[] = [];
  const loss = new ConnectionLoss(meter);
  try {
    const extra = spec.workload === 'watch' ? 1 : 0;
    for (let count = 0; count < spec.shape.connections + extra; count++) {
      connections.push(await Connection.open(spec.host, spec.port));
    }
    const workload = createWorkload(spec, connections, meter);
    await workload.prepare();
    for (const connection of connections) connection.whenClosed((reason) => loss.report(reason));
    workload.start();
    await loss.pause(spec.warmupSeconds * 1000);
    meter.begin();
    await loss.pause(spec.seconds * 1000);
    meter.finish();
    workload.stop();
    if (await drained(workload, loss, drainTimeoutMs)) await workload.verify();
    else if (!loss.happened) meter.fault(`${workload.outstanding} operations were never answered`);
  } finally {
    for (const connection of connections) connection.destroy();
  }
  return meter.result();
}

function createWorkload(spec: CellSpec, connections: readonly Connection[], meter: Meter): Workload {
  switch (spec.workload) {
    case 'put':
    case 'txn':
      return new WriteWorkload(spec, connections, meter);
    case 'range':
    case 'srange':
      return new ReadWorkload(spec, connections, meter);
    case 'keepalive':
      return new KeepAliveWorkload(spec, connections, meter);
    case 'watch':
      return new WatchWorkload(spec, connections.slice(1), connections[0], meter);
  }
}

/** Hears of the first lost connection, which ends every waiting of the cell. */
class ConnectionLoss {
  happened = false;
  private interrupt: () => void = () => undefined;

  constructor(private readonly meter: Meter) {}

  report(reason: string): void {
    if (this.happened) return;
    this.happened = true;
    this.meter.fault(`connection lost: ${reason}`);
    this.interrupt();
  }

  /** Resolves after this time, or at once when a connection is lost. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.happened) return resolve();
      const timer = setTimeout(resolve, milliseconds);
      this.interrupt = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** True when everything outstanding has been answered; false if that takes too long or a connection is lost. */
async function drained(workload: Workload, loss: ConnectionLoss, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (workload.outstanding > 0) {
    if (loss.happened || performance.now() > deadlineMs) return false;
    await loss.pause(DRAIN_POLL_MS);
  }
  return !loss.happened;
}
