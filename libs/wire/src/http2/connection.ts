import type { BufferPool } from './buffer-pool';
import { type ConnectionCarrier, type ConnectionEnd, ConnectionState, STREAM_ID_DRAIN } from './connection-state';
import type { Http2Counters } from './counters';
import { FrameReader } from './frame-reader';
import { DRAIN_PING, FrameReceiver } from './frame-receiver';
import { HeaderReceiver, type RequestServer } from './header-receiver';
import { KeepAlive } from './keep-alive';
import type { Http2Limits } from './limits';
import type { FilledBuffer } from './output-buffer';
import { settingsFrame } from './peer-settings';
import { DEFAULT_WINDOW_BYTES, FrameType, Http2ErrorCode, SettingId, STREAM_ID_LIMIT } from './protocol.table';
import type { RequestHead } from './request-head';

const KEEP_ALIVE_PING = Buffer.from('are you?', 'latin1');
const CONCURRENT_STREAMS_LIMIT = 0xffff_ffff;

export interface ConnectionOptions<Head extends RequestHead> {
  readonly limits: Http2Limits;
  readonly counters: Http2Counters;
  readonly pool: BufferPool;
  readonly server: RequestServer<Head>;
  readonly carrier: ConnectionCarrier;
  /** Address of the other side. */
  readonly peer: string;
}

/**
 * The server's side of one HTTP/2 connection (RFC 9113), as a machine over bytes: `receive` takes what the peer sent,
 * `takeOutput` gives what is to be sent to it. It has no timer of its own: time comes with the calls, in milliseconds of
 * a clock that only goes forward, and `tick` is called every now and then. Nothing that a peer sends makes it throw.
 */
export class Http2Connection<Head extends RequestHead> {
  private readonly state: ConnectionState;
  private readonly reader = new FrameReader();
  private readonly receiver: FrameReceiver<Head>;
  private readonly keepAlive: KeepAlive;
  private readonly startMs: number;
  private drainMs: number | undefined;
  private lastWrittenMs: number;

  constructor({ limits, counters, pool, server, carrier, peer }: ConnectionOptions<Head>, nowMs: number) {
    this.state = new ConnectionState(limits, counters, pool, carrier, peer, nowMs);
    this.keepAlive = new KeepAlive(limits, nowMs);
    this.receiver = new FrameReceiver(this.state, new HeaderReceiver(this.state, server), this.keepAlive);
    this.startMs = nowMs;
    this.lastWrittenMs = nowMs;
    counters.connections++;
    counters.openConnections++;
    this.greet();
  }

  /** Set once nothing is received any more. */
  get end(): ConnectionEnd | undefined {
    return this.state.end;
  }

  /** Calls under way. */
  get streamCount(): number {
    return this.state.streams.size;
  }

  /** Takes the next bytes of the peer; `chunk` may be overwritten after the call. */
  receive(chunk: Buffer, nowMs: number): void {
    const { state } = this;
    if (state.end !== undefined) return;
    state.nowMs = nowMs;
    this.keepAlive.received(nowMs);
    const fault = this.reader.push(chunk, this.receiver);
    if (fault === 'preface') state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'no HTTP/2 preface');
    else if (fault === 'frame size') state.fail(Http2ErrorCode.FRAME_SIZE_ERROR, 'frame too large');
    state.send.pump();
    const { unwrittenBytesMax, unwrittenControlBytesMax } = state.limits;
    if (state.send.unwrittenBytes + state.send.output.length > unwrittenBytesMax + unwrittenControlBytesMax) {
      state.fail(Http2ErrorCode.ENHANCE_YOUR_CALM, 'answers are not read', 'unwrittenOverflows');
    }
    if (state.lastStreamId > STREAM_ID_DRAIN) this.drain(nowMs);
    state.wake();
  }

  /** What is to be written, in order; `written` tells when it is. */
  takeOutput(nowMs: number): readonly FilledBuffer[] {
    const { send } = this.state;
    if (send.unwrittenBytes === 0) this.lastWrittenMs = nowMs;
    send.unwrittenBytes += send.output.length;
    return send.output.take();
  }

  /** The peer's side of the socket took that much of the output. */
  written(bytes: number, nowMs: number): void {
    const { send } = this.state;
    this.lastWrittenMs = nowMs;
    send.unwrittenBytes -= bytes;
    send.pump();
    if (send.output.length > 0) this.state.wake();
  }

  /** Looks at what time has brought. Every second or so is often enough. */
  tick(nowMs: number): void {
    const { state } = this;
    const { counters, limits, send } = state;
    if (state.end !== undefined) return;
    state.nowMs = nowMs;
    if (!this.receiver.settled && nowMs - this.startMs >= limits.handshakeTimeoutMs) {
      counters.handshakeTimeouts++;
      return state.close('gone');
    }
    if (send.unwrittenBytes > 0 && nowMs - this.lastWrittenMs >= limits.writeStallTimeoutMs) {
      counters.writeStalls++;
      return state.close('gone');
    }
    if (this.drainMs !== undefined && nowMs - this.drainMs >= limits.drainNoticeMs) state.startDraining();
    const due = this.keepAlive.check(nowMs);
    if (due === 'give up') {
      counters.keepAliveTimeouts++;
      return state.close('gone');
    }
    if (due === 'ping') send.output.appendFrame(FrameType.PING, 0, 0, KEEP_ALIVE_PING, 0, KEEP_ALIVE_PING.length);
    if (send.output.length > 0) state.wake();
  }

  /**
   * Takes no new calls, once the client has had the time to hear of it, and ends when those under way have: first a
   * notice that names no stream, then, when a ping has come back or `drainNoticeMs` are over, the last stream served.
   */
  drain(nowMs: number): void {
    const { state } = this;
    if (state.end !== undefined || this.drainMs !== undefined) return;
    this.drainMs = nowMs;
    this.receiver.awaitsDrainPong = true;
    state.goAway(STREAM_ID_LIMIT, Http2ErrorCode.NO_ERROR, 'graceful_stop');
    state.send.output.appendFrame(FrameType.PING, 0, 0, DRAIN_PING, 0, DRAIN_PING.length);
    if (!this.receiver.settled) state.startDraining();
    state.wake();
  }

  /** The connection is gone: ends all calls. */
  lost(): void {
    this.state.close('gone');
  }

  private greet(): void {
    const { limits, send } = this.state;
    const settings: [number, number][] = [
      [SettingId.INITIAL_WINDOW_SIZE, limits.streamWindowBytes], [SettingId.MAX_HEADER_LIST_SIZE, limits.headerListBytesMax],
    ];
    if (limits.maxConcurrentStreams < CONCURRENT_STREAMS_LIMIT) settings.push([SettingId.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams]);
    const frame = settingsFrame(settings);
    send.output.appendRaw(frame);
    const more = limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (more > 0) send.output.appendUint32Frame(FrameType.WINDOW_UPDATE, 0, more);
    this.state.wake();
  }
}
