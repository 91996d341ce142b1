import { Allowance } from './allowance';
import type { BufferPool } from './buffer-pool';
import { ClosedStreams } from './closed-streams';
import type { ConnectionFaultCounter, Http2Counters } from './counters';
import type { Http2Limits } from './limits';
import { FrameType, Http2ErrorCode, STREAM_ID_LIMIT, writeUint32 } from './protocol.table';
import { ResponseBlocks } from './response-blocks';
import { SendSide } from './send-side';
import type { Http2Stream } from './stream';

/** Idle frames that a request or a message makes up for. */
const IDLE_FRAMES_EARNED = 4;

/** Whoever carries the bytes of a connection. */
export interface ConnectionCarrier {
  /** There may be something to write that was not there before; called often. */
  wake(): void;
}

/**
 * Why nothing more is received; what is left to write should be, then the connection closed.
 * `gone`: there is nobody to write to.
 */
export type ConnectionEnd = 'drained' | 'fault' | 'gone';

/** The streams of a connection and what ends them, for all that work on it. */
export class ConnectionState {
  readonly send: SendSide;
  readonly blocks: ResponseBlocks;
  readonly streams = new Map<number, Http2Stream>();
  end: ConnectionEnd | undefined;
  /** The largest id that the client has used. */
  lastStreamId = 0;
  /** The client was told the last id that will be served. */
  draining = false;
  /** Bytes of requests that wait in calls. */
  unreadBytes = 0;
  /** The clock at the last call from outside, milliseconds. */
  nowMs: number;
  /** The stream of the frame before, which most often is that of the next too. */
  recent: Http2Stream | undefined;
  private readonly closedStreams = new ClosedStreams();
  private readonly idleFrames: Allowance;
  private readonly resets: Allowance;

  constructor(
    readonly limits: Http2Limits, readonly counters: Http2Counters, pool: BufferPool, private readonly carrier: ConnectionCarrier,
    /** Address of the other side. */
    readonly peer: string, nowMs: number,
  ) {
    this.send = new SendSide(pool, limits.unwrittenBytesMax);
    this.blocks = new ResponseBlocks(this.send);
    this.idleFrames = new Allowance(limits.idleFramesBurst, limits.idleFramesPerSecond, nowMs);
    this.resets = new Allowance(limits.resetsBurst, limits.resetsPerSecond, nowMs);
    this.nowMs = nowMs;
  }

  wake(): void {
    this.carrier.wake();
  }

  find(id: number): Http2Stream | undefined {
    return this.recent?.id === id ? this.recent : this.streams.get(id);
  }

  add(stream: Http2Stream): void {
    this.streams.set(stream.id, stream);
    this.recent = stream;
    this.counters.openStreams++;
  }

  /** Whether a stream with this id, which is in use no more, was reset by us not long ago: what still comes is ignored. */
  closing(id: number): 'reset' | 'closed' | 'unknown' {
    return this.closedStreams.find(id);
  }

  /** The call is over on both sides, or by a reset. */
  closeStream(stream: Http2Stream, resetByUs: boolean): void {
    if (stream.closed) return;
    stream.closed = true;
    this.send.drop(stream);
    this.streams.delete(stream.id);
    this.counters.openStreams--;
    this.closedStreams.add(stream.id, resetByUs);
    if (this.recent === stream) this.recent = undefined;
    if (this.draining) this.endIfDrained();
  }

  /** Ends a stream that is under way; its call learns of it from whoever calls this. */
  resetStream(stream: Http2Stream, code: Http2ErrorCode): void {
    if (stream.closed) return;
    this.send.output.appendUint32Frame(FrameType.RST_STREAM, stream.id, code);
    this.closeStream(stream, true);
  }

  /** Ends a stream for what the client did on it. */
  faultStream(stream: Http2Stream, code: Http2ErrorCode): void {
    this.resetStream(stream, code);
    stream.onReset();
    this.spendReset();
  }

  /** Answers what came on no stream of ours with a reset. */
  refuse(id: number, code: Http2ErrorCode): void {
    this.send.output.appendUint32Frame(FrameType.RST_STREAM, id, code);
    this.closedStreams.add(id, true);
  }

  /** A request was answered when it had just begun: `headers` end it. */
  answer(id: number, headers: Buffer, endsStream: boolean): void {
    this.send.headers(id, headers, true);
    if (endsStream) this.closedStreams.add(id, false);
    else this.refuse(id, Http2ErrorCode.NO_ERROR);
  }

  /** Gives the client credit for bytes of a stream that were received. */
  credit(stream: Http2Stream, bytes: number): void {
    stream.creditableBytes += bytes;
    if (stream.remoteEnded || stream.closed || stream.creditableBytes * 2 < this.limits.streamWindowBytes) return;
    this.send.output.appendUint32Frame(FrameType.WINDOW_UPDATE, stream.id, stream.creditableBytes);
    stream.receivedBytes -= stream.creditableBytes;
    stream.creditableBytes = 0;
    this.wake();
  }

  /** Something was asked for: a few frames without work are welcome with it. */
  earn(): void {
    this.idleFrames.earn(IDLE_FRAMES_EARNED);
  }

  /** False: the connection was ended for too many frames that do nothing. */
  spendIdle(cost = 1): boolean {
    if (this.send.usefulFrames > 0) {
      this.idleFrames.earn(this.send.usefulFrames * IDLE_FRAMES_EARNED);
      this.send.usefulFrames = 0;
    }
    if (this.idleFrames.spend(cost, this.nowMs)) return true;
    this.fail(Http2ErrorCode.ENHANCE_YOUR_CALM, 'too many frames without work', 'idleFrameFloods');
    return false;
  }

  /** False: the connection was ended for too many streams that came to nothing by the client's doing. */
  spendReset(): boolean {
    if (this.resets.spend(1, this.nowMs)) return true;
    this.fail(Http2ErrorCode.ENHANCE_YOUR_CALM, 'too many resets', 'resetFloods');
    return false;
  }

  /** Ends the connection for what the client did; what is under way is cancelled. */
  fail(code: Http2ErrorCode, reason: string, counter: ConnectionFaultCounter = 'protocolErrors'): void {
    if (this.end !== undefined) return;
    this.counters[counter]++;
    this.goAway(this.lastStreamId, code, reason);
    this.close('fault');
  }

  /** Nothing is received any more. */
  close(end: ConnectionEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.counters.openConnections--;
    const streams = [...this.streams.values()];
    for (const stream of streams) this.closeStream(stream, true);
    for (const stream of streams) stream.onReset();
    this.wake();
  }

  goAway(lastStreamId: number, code: Http2ErrorCode, reason: string): void {
    const payload = Buffer.allocUnsafe(8 + reason.length);
    writeUint32(payload, writeUint32(payload, 0, lastStreamId), code);
    payload.latin1Write(reason, 8);
    this.send.output.appendFrame(FrameType.GOAWAY, 0, 0, payload, 0, payload.length);
  }

  /** The client has been told, or has had the time to be: what comes later is not served. */
  startDraining(): void {
    if (this.draining) return;
    this.draining = true;
    this.goAway(this.lastStreamId, Http2ErrorCode.NO_ERROR, 'graceful_stop');
    this.endIfDrained();
  }

  endIfDrained(): void {
    if (this.draining && this.streams.size === 0) this.close('drained');
  }
}

/** Ids end some day; long before that the client is asked for a new connection. */
export const STREAM_ID_DRAIN = Math.floor(STREAM_ID_LIMIT * 0.75);
