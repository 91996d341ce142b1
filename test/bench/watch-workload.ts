import type { CellSpec } from './cell';
import { ClientStream, type StreamListener } from './client-stream';
import type { Connection } from './connection';
import {
  Method,
  putRequest,
  responseRevision,
  visitWatchResponse,
  watchCreateRequest,
  type WatchVisitor,
} from './etcd-messages';
import { readUint32, writeUint32 } from './frames';
import { VALUE_BYTES, valueBytes } from './kv-workloads';
import type { Meter } from './meter';
import { describeEnd, type Workload } from './workload';

const WATCHED_KEY = Buffer.from('watched!', 'latin1');
/** The putter stays at most this many puts ahead of the deliveries, so that neither side waits idly for the other. */
const PUTS_AHEAD_MAX = 8;
/**
 * Undelivered events that a stream may have. etcd buffers this many responses for each; above that it falls back to a
 * catch-up loop of 100 ms, and its throughput to a tenth, which would measure that cliff instead of the fan-out.
 */
const EVENTS_AHEAD_PER_STREAM = 128;
/** Send times are looked up by put number modulo this; above the puts that can be undelivered. */
const SEND_TIMES = 1024;
const CREATE_TIMEOUT_MS = 30_000;

/** How many puts may be on their way: one for a lone watcher, whose latency is then that of an idle server. */
export function putsAhead(watchers: number, streams: number): number {
  if (watchers === 1) return 1;
  const withinBuffer = Math.floor(EVENTS_AHEAD_PER_STREAM / Math.ceil(watchers / streams));
  return Math.min(Math.max(withinBuffer, 1), PUTS_AHEAD_MAX);
}

/** The watchers of one stream; their watch ids on it are 1 to `watchers`. */
class WatchStream implements StreamListener, WatchVisitor {
  readonly stream: ClientStream;
  created = 0;
  private readonly lastRevision: Float64Array;
  /** Events that each watcher has received since the start. */
  readonly received: Float64Array;

  constructor(
    readonly connection: Connection,
    readonly watchers: number,
    slot: number,
    private readonly fanOut: WatchWorkload,
  ) {
    this.stream = new ClientStream(slot, this);
    this.lastRevision = new Float64Array(watchers + 1);
    this.received = new Float64Array(watchers + 1);
  }

  open(): void {
    this.connection.start(this.stream, Method.watch, null);
    for (let id = 1; id <= this.watchers; id++)
      this.connection.send(this.stream, watchCreateRequest(WATCHED_KEY, id), false);
    this.connection.flush();
  }

  onMessage(_stream: ClientStream, bytes: Buffer, start: number, end: number): void {
    this.fanOut.messageAtMs = performance.now();
    visitWatchResponse(bytes, start, end, this);
  }

  onEnd(_stream: ClientStream, status: number, message: string): void {
    this.fanOut.abort(`watch stream over: ${describeEnd(status, message)}`);
  }

  onCreated(): void {
    this.created++;
    this.fanOut.onCreated();
  }

  onCanceled(watchId: number, reason: string): void {
    this.fanOut.abort(`watch ${watchId} canceled: ${reason}`);
  }

  onOther(watchId: number): void {
    this.fanOut.countError(`event of a wrong type for watch ${watchId}`);
  }

  onPut(watchId: number, modRevision: number, bytes: Uint8Array, valueStart: number, valueEnd: number): void {
    if (!(watchId >= 1 && watchId <= this.watchers) || valueEnd - valueStart !== VALUE_BYTES) {
      this.fanOut.countError('event for nobody or with a wrong value');
    } else if (modRevision <= this.lastRevision[watchId]) {
      this.fanOut.countError('event repeated or out of order');
    } else {
      this.lastRevision[watchId] = modRevision;
      this.received[watchId]++;
      this.fanOut.onDelivered(readUint32(bytes, valueStart));
    }
  }
}

/**
 * One putter and many watchers on one key. The value's first four bytes number the puts, which gives each event its
 * latency: from sending the put to having the event. At the end every watcher must have had every put exactly once.
 */
export class WatchWorkload implements Workload, StreamListener {
  /** When the message being handled arrived. */
  messageAtMs = 0;
  private readonly watchStreams: WatchStream[] = [];
  private readonly putStreams: ClientStream[] = [];
  private readonly idlePutStreams: ClientStream[] = [];
  private readonly request = putRequest(WATCHED_KEY, valueBytes(1));
  /** Where the value starts, which the request ends with. */
  private readonly numberAt = this.request.length - VALUE_BYTES;
  private readonly sentAtMs = new Float64Array(SEND_TIMES);
  private readonly putsAheadMax: number;
  private readonly watchers: number;
  private created = 0;
  private puts = 0;
  private acknowledged = 0;
  private delivered = 0;
  private stopping = false;
  private onAllCreated: () => void = () => undefined;
  private onAborted: (error: Error) => void = () => undefined;

  /** @param putter a connection of its own for the puts */
  constructor(
    spec: CellSpec,
    connections: readonly Connection[],
    private readonly putter: Connection,
    private readonly meter: Meter,
  ) {
    this.watchers = spec.shape.inFlight;
    this.putsAheadMax = putsAhead(this.watchers, connections.length);
    connections.forEach((connection, slot) => {
      const share =
        Math.floor(this.watchers / connections.length) + (slot < this.watchers % connections.length ? 1 : 0);
      this.watchStreams.push(new WatchStream(connection, share, slot, this));
    });
    for (let slot = 0; slot < this.putsAheadMax; slot++) this.putStreams.push(new ClientStream(slot, this));
    this.idlePutStreams.push(...this.putStreams);
  }

  prepare(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`only ${this.created} of ${this.watchers} watches were created in time`)),
        CREATE_TIMEOUT_MS,
      );
      this.onAllCreated = () => {
        clearTimeout(timer);
        resolve();
      };
      this.onAborted = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      for (const watchStream of this.watchStreams) watchStream.open();
    });
  }

  start(): void {
    this.putMore();
  }

  stop(): void {
    this.stopping = true;
  }

  get outstanding(): number {
    return this.puts - this.acknowledged + (this.puts * this.watchers - this.delivered);
  }

  verify(): Promise<void> {
    for (const watchStream of this.watchStreams) {
      const wrong = watchStream.received.subarray(1).findIndex((count) => count !== this.puts);
      if (wrong >= 0)
        this.meter.fault(`${this.puts} puts, but a watcher received ${watchStream.received[wrong + 1]} events`);
    }
    return Promise.resolve();
  }

  onCreated(): void {
    this.created++;
    if (this.created === this.watchers) this.onAllCreated();
  }

  onDelivered(putNumber: number): void {
    this.delivered++;
    this.meter.success(this.messageAtMs - this.sentAtMs[putNumber % SEND_TIMES]);
    this.putMore();
  }

  countError(kind: string): void {
    this.meter.error(kind);
  }

  abort(reason: string): void {
    this.meter.fault(reason);
    this.stopping = true;
    this.onAborted(new Error(reason));
  }

  onMessage(_stream: ClientStream, bytes: Buffer, start: number, end: number): void {
    if (responseRevision(bytes, start, end) <= 1) this.meter.error('put without a revision');
  }

  onEnd(stream: ClientStream, status: number, message: string): void {
    if (status !== 0) return this.abort(`put failed: ${describeEnd(status, message)}`);
    this.acknowledged++;
    this.idlePutStreams.push(stream);
    this.putMore();
  }

  /** Puts as long as the deliveries are not too far behind and a put stream is idle. */
  private putMore(): void {
    let added = false;
    while (!this.stopping && this.puts * this.watchers - this.delivered <= (this.putsAheadMax - 1) * this.watchers) {
      const stream = this.idlePutStreams.pop();
      if (stream === undefined) break;
      this.sentAtMs[this.puts % SEND_TIMES] = performance.now();
      writeUint32(this.request, this.numberAt, this.puts);
      this.puts++;
      this.putter.start(stream, Method.put, this.request);
      added = true;
    }
    if (added) this.putter.flush();
  }
}
