import { ClientStream, StreamEnd, type StreamListener } from './client-stream';
import type { Connection } from './connection';
import { Meter } from './meter';

/** A kind of load on a set of connections, driven in this order: prepare, start, stop, drained, verify. */
export interface Workload {
  /** Writes the data and opens the streams that the load needs; throws if the server refuses. */
  prepare(): Promise<void>;
  /** Starts the closed loops. */
  start(): void;
  /** Starts nothing new. */
  stop(): void;
  /** Operations still without an answer. */
  readonly outstanding: number;
  /** Checks, after the last answer, what only the whole run can show, and reports faults. */
  verify(): Promise<void>;
}

/** A unary method with its requests and the check of its answers. */
export interface UnaryOperation {
  readonly path: string;
  /** The next request with its gRPC prefix; it is copied before the next call of this. */
  request(): Buffer;
  /** True if bytes[start, end) is the answer that a correct server gives. */
  accepts(bytes: Buffer, start: number, end: number): boolean;
}

const GRPC_STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** A stream's end in words. */
export function describeEnd(status: number, message: string): string {
  switch (status) {
    case StreamEnd.noStatus:
      return 'ended without a grpc-status';
    case StreamEnd.reset:
      return 'RST_STREAM';
    case StreamEnd.httpStatus:
      return message;
    case StreamEnd.badMessage:
      return 'malformed gRPC message';
    default:
      return `${GRPC_STATUS_NAMES[status] ?? `grpc-status ${status}`}${message === '' ? '' : `: ${percentDecoded(message)}`}`;
  }
}

/** A grpc-message as it was before its encoding for the header (gRPC over HTTP/2, "Status-Message"). */
function percentDecoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/**
 * Keeps a fixed number of unary calls in flight over some connections: each answer starts the next call. With a limit
 * it stops by itself after that many calls.
 */
export class UnaryLoop implements StreamListener {
  /** Calls that were answered as they should be, since the start. */
  accepted = 0;
  private readonly slots: ClientStream[] = [];
  private readonly startedAtMs: Float64Array;
  private readonly answers: Uint8Array;
  private active = 0;
  private unissued: number;
  private onIdle: () => void = () => undefined;

  constructor(
    private readonly connections: readonly Connection[],
    inFlight: number,
    private readonly operation: UnaryOperation,
    private readonly meter: Meter,
    limit = Infinity,
  ) {
    this.unissued = limit;
    this.startedAtMs = new Float64Array(inFlight);
    this.answers = new Uint8Array(inFlight);
    for (let slot = 0; slot < inFlight; slot++) this.slots.push(new ClientStream(slot, this));
  }

  get outstanding(): number {
    return this.active;
  }

  start(): void {
    const now = performance.now();
    for (const stream of this.slots) {
      if (this.unissued === 0) break;
      this.active++;
      this.issue(stream, now);
    }
    for (const connection of this.connections) connection.flush();
  }

  stop(): void {
    this.unissued = 0;
  }

  /** Starts, and resolves when the last of a limited number of calls is answered; rejects if a connection is lost. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onIdle = resolve;
      for (const connection of this.connections) connection.whenClosed((reason) => reject(new Error(reason)));
      this.start();
    });
  }

  onMessage(stream: ClientStream, bytes: Buffer, start: number, end: number): void {
    // 1 = one good answer so far; anything above is an error that onEnd reports.
    this.answers[stream.slot] = this.answers[stream.slot] === 0 && this.operation.accepts(bytes, start, end) ? 1 : 2;
  }

  onEnd(stream: ClientStream, status: number, message: string): void {
    const now = performance.now();
    if (status === 0 && this.answers[stream.slot] === 1) {
      this.accepted++;
      this.meter.success(now - this.startedAtMs[stream.slot]);
    } else {
      this.meter.error(status === 0 ? 'wrong answer' : describeEnd(status, message));
    }
    if (this.unissued > 0) {
      this.issue(stream, now);
    } else {
      this.active--;
      if (this.active === 0) this.onIdle();
    }
  }

  private issue(stream: ClientStream, nowMs: number): void {
    this.unissued--;
    this.startedAtMs[stream.slot] = nowMs;
    this.answers[stream.slot] = 0;
    this.connections[stream.slot % this.connections.length].start(
      stream,
      this.operation.path,
      this.operation.request(),
    );
  }
}

/** Makes `count` calls, `inFlight` at a time; throws if any of them fails. */
export async function callAll(
  connection: Connection,
  operation: UnaryOperation,
  count: number,
  inFlight = 1,
): Promise<void> {
  const meter = new Meter(null);
  const loop = new UnaryLoop([connection], Math.min(inFlight, count), operation, meter, count);
  await loop.run();
  if (loop.accepted !== count) throw new Error(`${operation.path}: ${meter.complaints}`);
}
