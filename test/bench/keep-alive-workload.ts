import type { CellSpec } from './cell';
import { ClientStream, type StreamListener } from './client-stream';
import type { Connection } from './connection';
import { isLiveLease, leaseGrantRequest, leaseKeepAliveRequest, Method } from './etcd-messages';
import type { Meter } from './meter';
import { callAll, describeEnd, type Workload } from './workload';

/** Long enough never to expire between two keep-alives, short enough not to stay on a server that lives on. */
const LEASE_TTL_SECONDS = 60;
/** Lease ids start at a multiple of this that follows from the seed, so that two runs do not share any. */
const LEASE_ID_STRIDE = 2 ** 20;

/** Many leases, each kept alive on a stream of its own: every answer sends the next keep-alive. */
export class KeepAliveWorkload implements Workload, StreamListener {
  private readonly streams: ClientStream[] = [];
  private readonly requests: Buffer[] = [];
  private readonly sentAtMs: Float64Array;
  private readonly firstLeaseId: number;
  private active = 0;
  private stopping = false;

  constructor(
    private readonly spec: CellSpec,
    private readonly connections: readonly Connection[],
    private readonly meter: Meter,
  ) {
    this.firstLeaseId = (spec.seed >>> 0) * LEASE_ID_STRIDE + 1;
    this.sentAtMs = new Float64Array(spec.shape.inFlight);
    for (let slot = 0; slot < spec.shape.inFlight; slot++) {
      this.streams.push(new ClientStream(slot, this));
      this.requests.push(leaseKeepAliveRequest(this.firstLeaseId + slot));
    }
  }

  async prepare(): Promise<void> {
    let requested = 0;
    const grant = {
      path: Method.leaseGrant,
      request: (): Buffer => leaseGrantRequest(this.firstLeaseId + requested++, LEASE_TTL_SECONDS),
      accepts: (bytes: Buffer, start: number, end: number): boolean =>
        isLiveLease(bytes, start, end, this.firstLeaseId + requested - 1),
    };
    await callAll(this.connections[0], grant, this.spec.shape.inFlight);
  }

  start(): void {
    const now = performance.now();
    for (const stream of this.streams) {
      this.active++;
      this.connectionOf(stream).start(stream, Method.leaseKeepAlive, null);
      this.keepAlive(stream, now);
    }
    for (const connection of this.connections) connection.flush();
  }

  stop(): void {
    this.stopping = true;
  }

  get outstanding(): number {
    return this.active;
  }

  onMessage(stream: ClientStream, bytes: Buffer, start: number, end: number): void {
    const now = performance.now();
    if (isLiveLease(bytes, start, end, this.firstLeaseId + stream.slot))
      this.meter.success(now - this.sentAtMs[stream.slot]);
    else this.meter.error('lease expired or wrong');
    if (this.stopping) this.active--;
    else this.keepAlive(stream, now);
  }

  onEnd(_stream: ClientStream, status: number, message: string): void {
    this.active--;
    this.meter.error(`keep-alive stream over: ${describeEnd(status, message)}`);
  }

  verify(): Promise<void> {
    return Promise.resolve();
  }

  private keepAlive(stream: ClientStream, nowMs: number): void {
    this.sentAtMs[stream.slot] = nowMs;
    this.connectionOf(stream).send(stream, this.requests[stream.slot], false);
  }

  private connectionOf(stream: ClientStream): Connection {
    return this.connections[stream.slot % this.connections.length];
  }
}
