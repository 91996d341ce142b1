import type { ConnectionState } from './connection-state';
import type { FrameSink } from './frame-reader';
import type { HeaderReceiver } from './header-receiver';
import type { KeepAlive } from './keep-alive';
import { type PeerSettings, readSettings } from './peer-settings';
import { FrameFlag, FrameType, Http2ErrorCode, readUint31, WINDOW_BYTES_LIMIT } from './protocol.table';
import type { RequestHead } from './request-head';
import type { Http2Stream } from './stream';

/** Marks the ping that asks whether the client has heard of the end. */
export const DRAIN_PING = Buffer.from('shutdown', 'latin1');
const PING_BYTES = 8;

/** Does what the frames of a client ask for (RFC 9113, section 6), or ends the stream or connection that they break. */
export class FrameReceiver<Head extends RequestHead> implements FrameSink {
  /** The client's first settings have come. */
  settled = false;
  /** The client is asked whether it has heard that the connection ends. */
  awaitsDrainPong = false;
  /** Bytes received on the connection that the client got no credit for. */
  private receivedBytes = 0;

  constructor(
    private readonly state: ConnectionState, private readonly headers: HeaderReceiver<Head>, private readonly keepAlive: KeepAlive,
  ) {}

  onFrame(bytes: Buffer, type: number, flags: number, id: number, start: number, end: number): boolean {
    const { state, headers } = this;
    if (!this.settled && (type !== FrameType.SETTINGS || (flags & FrameFlag.ACK) !== 0)) {
      state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'no settings after the preface');
      return false;
    }
    const { unfinishedId } = headers;
    if (unfinishedId !== undefined && (type !== FrameType.CONTINUATION || id !== unfinishedId)) {
      state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'header block interrupted');
      return false;
    }
    switch (type) {
      case FrameType.DATA:
        this.onData(bytes, flags, id, start, end);
        break;
      case FrameType.HEADERS:
        headers.onHeaders(bytes, flags, id, start, end);
        break;
      case FrameType.CONTINUATION:
        headers.onContinuation(bytes, flags, start, end);
        break;
      default:
        if (state.spendIdle()) this.onControlFrame(bytes, type, flags, id, start, end);
    }
    return state.end === undefined;
  }

  private onControlFrame(bytes: Buffer, type: number, flags: number, id: number, start: number, end: number): void {
    const { state } = this;
    const length = end - start;
    switch (type) {
      case FrameType.WINDOW_UPDATE:
        return this.onWindowUpdate(bytes, id, start, length);
      case FrameType.SETTINGS:
        return this.onSettings(bytes, flags, id, start, end);
      case FrameType.PING:
        return this.onPing(bytes, flags, id, start, end);
      case FrameType.RST_STREAM:
        return this.onReset(id, length);
      case FrameType.PRIORITY:
        if (id === 0) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'PRIORITY without a stream');
        if (length !== 5) return state.fail(Http2ErrorCode.FRAME_SIZE_ERROR, 'PRIORITY of a wrong length');
        if (readUint31(bytes, start) === id) this.faultId(id, Http2ErrorCode.PROTOCOL_ERROR);
        return;
      case FrameType.GOAWAY:
        if (id !== 0) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'GOAWAY on a stream');
        if (length < 8) state.fail(Http2ErrorCode.FRAME_SIZE_ERROR, 'GOAWAY of a wrong length');
        return;
      case FrameType.PUSH_PROMISE:
        return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'PUSH_PROMISE from a client');
      default: // RFC 9113, 5.5: to be ignored.
    }
  }

  private onData(bytes: Buffer, flags: number, id: number, start: number, end: number): void {
    const { state } = this;
    const length = end - start;
    if (id === 0) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'DATA without a stream');
    if (!this.receiveOnConnection(length)) return;
    const stream = state.find(id);
    if (stream === undefined) return this.onDataOfClosed(id);
    if (stream.remoteEnded) return state.faultStream(stream, Http2ErrorCode.STREAM_CLOSED);
    stream.receivedBytes += length;
    if (stream.receivedBytes > state.limits.streamWindowBytes) return state.faultStream(stream, Http2ErrorCode.FLOW_CONTROL_ERROR);
    let from = start;
    let to = end;
    if ((flags & FrameFlag.PADDED) !== 0) {
      const padding = bytes[start] as number;
      if (length === 0 || padding >= length) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'padding longer than its frame');
      from++;
      to -= padding;
      state.credit(stream, padding + 1);
    }
    const endsStream = (flags & FrameFlag.END_STREAM) !== 0;
    if (from === to && !endsStream && !state.spendIdle()) return;
    if (endsStream) stream.remoteEnded = true;
    if (stream.expectedBytes !== -1 && !this.countBody(stream, to - from)) return;
    if (from < to) stream.onData(bytes, from, to);
    if (endsStream && !stream.closed) stream.onEnd();
  }

  /** The connection's window is given back as bytes arrive: streams that are not read must not hold up the others. */
  private receiveOnConnection(bytes: number): boolean {
    const { state } = this;
    const { connectionWindowBytes } = state.limits;
    this.receivedBytes += bytes;
    if (this.receivedBytes > connectionWindowBytes) {
      state.fail(Http2ErrorCode.FLOW_CONTROL_ERROR, 'window of the connection exceeded');
      return false;
    }
    if (this.receivedBytes * 2 < connectionWindowBytes) return true;
    state.send.output.appendUint32Frame(FrameType.WINDOW_UPDATE, 0, this.receivedBytes);
    this.receivedBytes = 0;
    return true;
  }

  /** Holds the body to its content-length. */
  private countBody(stream: Http2Stream, bytes: number): boolean {
    stream.expectedBytes -= bytes;
    if (stream.expectedBytes >= 0 && (!stream.remoteEnded || stream.expectedBytes === 0)) return true;
    this.state.counters.malformedRequests++;
    this.state.faultStream(stream, Http2ErrorCode.PROTOCOL_ERROR);
    return false;
  }

  private onDataOfClosed(id: number): void {
    const { state } = this;
    if (id > state.lastStreamId || id % 2 === 0) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'DATA on an idle stream');
    if (!state.spendIdle() || state.draining || state.closing(id) === 'reset') return;
    state.refuse(id, Http2ErrorCode.STREAM_CLOSED);
  }

  private onReset(id: number, length: number): void {
    const { state } = this;
    if (length !== 4) return state.fail(Http2ErrorCode.FRAME_SIZE_ERROR, 'RST_STREAM of a wrong length');
    if (id > state.lastStreamId || id % 2 === 0) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'RST_STREAM on an idle stream');
    const stream = state.find(id);
    if (stream === undefined) return;
    state.counters.resets++;
    state.closeStream(stream, false);
    stream.onReset();
    state.spendReset();
  }

  private onSettings(bytes: Buffer, flags: number, id: number, start: number, end: number): void {
    const { state } = this;
    if (id !== 0) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'SETTINGS on a stream');
    const isAck = (flags & FrameFlag.ACK) !== 0;
    if (isAck ? end !== start : (end - start) % 6 !== 0) return state.fail(Http2ErrorCode.FRAME_SIZE_ERROR, 'SETTINGS of a wrong length');
    if (isAck) return;
    const settings = readSettings(bytes, start, end);
    if (typeof settings === 'number') return state.fail(settings, 'SETTINGS with a wrong value');
    this.settled = true;
    if (!this.applySettings(settings)) return state.fail(Http2ErrorCode.FLOW_CONTROL_ERROR, 'SETTINGS make a window too large');
    state.send.output.appendFrame(FrameType.SETTINGS, FrameFlag.ACK, 0, bytes, end, end);
  }

  private applySettings({ headerTableBytes, initialWindow, frameBytesMax, headerListBytesMax }: PeerSettings): boolean {
    const { send, streams } = this.state;
    if (headerTableBytes !== undefined) send.encoder.limitTable(headerTableBytes);
    if (frameBytesMax !== undefined) send.frameBytesMax = frameBytesMax;
    if (headerListBytesMax !== undefined) send.headerListBytesMax = headerListBytesMax;
    if (initialWindow === undefined || initialWindow === send.initialWindow) return true;
    // A walk over all streams is work, though it comes by a frame that does none.
    if (!this.state.spendIdle(streams.size / 16)) return true;
    send.initialWindow = initialWindow;
    for (const stream of streams.values()) {
      if (initialWindow + stream.sendDelta > WINDOW_BYTES_LIMIT) return false;
      send.schedule(stream);
    }
    return true;
  }

  private onPing(bytes: Buffer, flags: number, id: number, start: number, end: number): void {
    const { state } = this;
    if (id !== 0) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'PING on a stream');
    if (end - start !== PING_BYTES) return state.fail(Http2ErrorCode.FRAME_SIZE_ERROR, 'PING of a wrong length');
    if ((flags & FrameFlag.ACK) !== 0) {
      if (this.awaitsDrainPong && DRAIN_PING.compare(bytes, start, end) === 0) this.state.startDraining();
      return;
    }
    const { send } = state;
    send.output.appendFrame(FrameType.PING, FrameFlag.ACK, 0, bytes, start, end);
    const allowed = this.keepAlive.peerPinged(state.nowMs, state.streams.size > 0, send.sentSincePing);
    send.sentSincePing = false;
    if (!allowed) state.fail(Http2ErrorCode.ENHANCE_YOUR_CALM, 'too_many_pings', 'tooManyPings');
  }

  private onWindowUpdate(bytes: Buffer, id: number, start: number, length: number): void {
    const { state } = this;
    if (length !== 4) return state.fail(Http2ErrorCode.FRAME_SIZE_ERROR, 'WINDOW_UPDATE of a wrong length');
    const increment = readUint31(bytes, start);
    if (id === 0) {
      if (increment === 0) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE of nothing');
      if (!state.send.growWindow(increment)) state.fail(Http2ErrorCode.FLOW_CONTROL_ERROR, 'window of the connection too large');
      return;
    }
    if (id > state.lastStreamId || id % 2 === 0) return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream');
    const stream = state.find(id);
    if (stream === undefined) return;
    if (increment === 0) state.faultStream(stream, Http2ErrorCode.PROTOCOL_ERROR);
    else if (!state.send.growStreamWindow(stream, increment)) state.faultStream(stream, Http2ErrorCode.FLOW_CONTROL_ERROR);
  }

  private faultId(id: number, code: Http2ErrorCode): void {
    const stream = this.state.find(id);
    if (stream === undefined) this.state.refuse(id, code);
    else this.state.faultStream(stream, code);
  }
}
