import { connect, type Socket } from 'node:net';
import { type ClientStream, StreamEnd } from './client-stream';
import {
  CLIENT_PREFACE,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  readFrameLength,
  readUint32,
  Setting,
  settingsFrame,
  STREAM_ID_MAX,
  WINDOW_BYTES_MAX,
} from './frames';
import { HpackDecoder, HpackError, RequestHeaderEncoder } from './hpack';
import { OutputBuffer } from './output-buffer';

/** Window for what the server sends, on each stream and on the connection: never what a measurement waits for. */
const RECEIVE_WINDOW_BYTES = 16 * 1024 * 1024;
const READ_BUFFER_BYTES = 64 * 1024;
const HEADER_BLOCK_BYTES_MAX = 64 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;

interface QueuedCall {
  stream: ClientStream;
  path: string;
  message: Buffer | null;
}

interface StalledData {
  stream: ClientStream;
  streamId: number;
  bytes: Buffer;
  sent: number;
  endStream: boolean;
}

/**
 * The client side of one HTTP/2 connection for gRPC over plain TCP (RFC 9113, prior knowledge). Requests started in one
 * loop turn leave in one write: while answers are handled this happens by itself, elsewhere the caller ends with `flush`.
 */
export class Connection {
  private readonly output: OutputBuffer;
  private readonly headers: RequestHeaderEncoder;
  private readonly decoder = new HpackDecoder();
  private readonly streams = new Map<number, ClientStream>();
  private readonly queuedCalls: QueuedCall[] = [];
  private stalled: StalledData[] = [];
  private nextStreamId = 1;
  private sendWindow = DEFAULT_WINDOW_BYTES;
  private initialSendWindow = DEFAULT_WINDOW_BYTES;
  private frameBytesMax = DEFAULT_MAX_FRAME_BYTES;
  private streamsMax = Infinity;
  private received = 0;
  private carry = Buffer.allocUnsafeSlow(2 * READ_BUFFER_BYTES);
  private carried = 0;
  private headerBlock: Buffer | null = null;
  private headerStreamId = 0;
  private headerEndsStream = false;
  private closed = false;
  private closeReason = '';
  private onOpened: () => void = () => undefined;
  private onClosed: (reason: string) => void = () => undefined;

  private constructor(
    private readonly socket: Socket,
    authority: string,
  ) {
    this.output = new OutputBuffer(socket);
    this.headers = new RequestHeaderEncoder(authority);
  }

  /** Connects and resolves when the server's SETTINGS have arrived; rejects if that does not happen within five seconds. */
  static open(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const receive = (count: number, bytes: Uint8Array): boolean => {
        connection.receive(bytes as Buffer, count);
        return true;
      };
      const socket = connect({
        host,
        port,
        onread: { buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES), callback: receive },
      });
      const timer = setTimeout(() => connection.fail('no HTTP/2 settings from the server in time'), CONNECT_TIMEOUT_MS);
      const connection = new Connection(socket, `${host}:${port}`);
      connection.onOpened = () => {
        clearTimeout(timer);
        connection.onOpened = () => undefined;
        resolve(connection);
      };
      connection.onClosed = (reason) => {
        clearTimeout(timer);
        reject(new Error(`${host}:${port}: ${reason}`));
      };
      socket.setNoDelay(true);
      socket.on('error', (error) => connection.fail(error.message));
      socket.on('close', () => connection.fail('connection closed by the server'));
      socket.on('connect', () => connection.sendPreface());
    });
  }

  /**
   * Calls `listener` once when the connection is lost or the server breaks the protocol, at once if that has happened
   * already. Calls in flight get no answer after that.
   */
  whenClosed(listener: (reason: string) => void): void {
    if (this.closed && this.closeReason !== '') listener(this.closeReason);
    else this.onClosed = listener;
  }

  /**
   * Starts a unary call, or with `message` null a stream that `send` writes to. `message` carries the gRPC prefix and is
   * copied at once, so the caller may reuse it.
   */
  start(stream: ClientStream, path: string, message: Buffer | null): void {
    if (this.closed) return;
    if (this.streams.size >= this.streamsMax) {
      this.queuedCalls.push({ stream, path, message: message === null ? null : Buffer.from(message) });
      return;
    }
    if (this.nextStreamId > STREAM_ID_MAX) return this.fail('stream ids are used up');
    stream.reset(this.nextStreamId, this.initialSendWindow);
    this.nextStreamId += 2;
    this.streams.set(stream.id, stream);
    const block = this.headers.blockFor(path);
    this.output.appendFrame(FrameType.headers, Flag.endHeaders, stream.id, block, 0, block.length);
    if (message !== null) this.send(stream, message, true);
  }

  /** Sends one message (with its gRPC prefix; copied at once) on a started stream. */
  send(stream: ClientStream, message: Buffer, endStream: boolean): void {
    if (this.closed) return;
    const length = message.length;
    if (stream.stalled || length > this.sendWindow || length > stream.sendWindow || length > this.frameBytesMax) {
      stream.stalled = true;
      this.stalled.push({ stream, streamId: stream.id, bytes: Buffer.from(message), sent: 0, endStream });
      this.sendStalled();
      return;
    }
    this.writeData(stream, message, 0, length, endStream);
  }

  flush(): void {
    this.output.flush();
  }

  /** Closes without waiting for anything; `onClosed` is not called. */
  destroy(): void {
    this.closed = true;
    this.socket.destroy();
  }

  private sendPreface(): void {
    this.output.append(CLIENT_PREFACE);
    this.output.append(
      settingsFrame([
        [Setting.enablePush, 0],
        [Setting.initialWindowSize, RECEIVE_WINDOW_BYTES],
      ]),
    );
    this.sendWindowUpdate(0, RECEIVE_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
    this.flush();
  }

  private fail(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.closeReason = reason;
    this.socket.destroy();
    this.onClosed(reason);
  }

  private writeData(stream: ClientStream, bytes: Buffer, start: number, end: number, endStream: boolean): void {
    this.output.appendFrame(FrameType.data, endStream ? Flag.endStream : 0, stream.id, bytes, start, end);
    this.sendWindow -= end - start;
    stream.sendWindow -= end - start;
  }

  /** Sends of the waiting request bytes what the windows allow; keeps the order within each stream. */
  private sendStalled(): void {
    const waiting = this.stalled;
    this.stalled = [];
    const blocked = new Set<ClientStream>();
    for (const data of waiting) {
      if (this.streams.get(data.streamId) !== data.stream) continue;
      while (data.sent < data.bytes.length && !blocked.has(data.stream)) {
        const window = Math.min(this.sendWindow, data.stream.sendWindow, this.frameBytesMax);
        if (window <= 0) {
          blocked.add(data.stream);
          break;
        }
        const end = Math.min(data.sent + window, data.bytes.length);
        this.writeData(data.stream, data.bytes, data.sent, end, data.endStream && end === data.bytes.length);
        data.sent = end;
      }
      data.stream.stalled = data.sent < data.bytes.length;
      if (data.stream.stalled) this.stalled.push(data);
    }
  }

  /** Handles `count` new bytes; a frame that is not whole yet is carried over to the next call. */
  private receive(chunk: Buffer, count: number): void {
    if (this.closed) return;
    let bytes = chunk;
    let end = count;
    if (this.carried > 0) {
      chunk.copy(this.carry, this.carried, 0, count);
      bytes = this.carry;
      end = this.carried + count;
    }
    let position = 0;
    while (end - position >= FRAME_HEADER_BYTES) {
      const length = readFrameLength(bytes, position);
      if (length > DEFAULT_MAX_FRAME_BYTES) return this.fail(`frame of ${length} bytes, more than allowed`);
      const body = position + FRAME_HEADER_BYTES;
      if (end - body < length) break;
      this.onFrame(
        bytes,
        bytes[position + 3],
        bytes[position + 4],
        readUint32(bytes, position + 5) & STREAM_ID_MAX,
        body,
        body + length,
      );
      if (this.closed) return;
      position = body + length;
    }
    if (bytes === chunk || position > 0) bytes.copy(this.carry, 0, position, end);
    this.carried = end - position;
    this.flush();
  }

  private onFrame(bytes: Buffer, type: number, flags: number, streamId: number, start: number, end: number): void {
    if (this.headerBlock !== null && type !== FrameType.continuation)
      return this.fail('header block interrupted by another frame');
    switch (type) {
      case FrameType.data:
        return this.onData(bytes, flags, streamId, start, end);
      case FrameType.headers:
        return this.onHeaders(bytes, flags, streamId, start, end);
      case FrameType.continuation:
        return this.onContinuation(bytes, flags, streamId, start, end);
      case FrameType.windowUpdate:
        if (end - start !== 4) return this.fail('WINDOW_UPDATE of a wrong length');
        return this.onWindowUpdate(streamId, readUint32(bytes, start) & WINDOW_BYTES_MAX);
      case FrameType.settings:
        return this.onSettingsFrame(bytes, flags, start, end);
      case FrameType.ping:
        return this.onPing(bytes, flags, start, end);
      case FrameType.rstStream:
        return this.endStream(this.streams.get(streamId), StreamEnd.reset, '');
      case FrameType.goaway:
        return this.fail(`GOAWAY with error code ${end - start >= 8 ? readUint32(bytes, start + 4) : 'missing'}`);
      case FrameType.pushPromise:
        return this.fail('PUSH_PROMISE although push is off');
      default:
        return; // PRIORITY, and types that RFC 9113 (5.5) tells to ignore.
    }
  }

  private onData(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    this.received += end - start;
    if (this.received >= RECEIVE_WINDOW_BYTES / 2) {
      this.sendWindowUpdate(0, this.received);
      this.received = 0;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    stream.received += end - start;
    const padding = (flags & Flag.padded) !== 0 ? bytes[start] + 1 : 0;
    if (padding > end - start) return this.fail('padding longer than its frame');
    const accepted = stream.receive(bytes, padding > 0 ? start + 1 : start, padding > 0 ? end - padding + 1 : end);
    if (!accepted) {
      this.cancel(stream);
      this.endStream(stream, StreamEnd.badMessage, '');
    } else if ((flags & Flag.endStream) !== 0) {
      this.endStream(stream, StreamEnd.noStatus, '');
    } else if (stream.received >= RECEIVE_WINDOW_BYTES / 2) {
      this.sendWindowUpdate(streamId, stream.received);
      stream.received = 0;
    }
  }

  private onHeaders(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    let from = start;
    let to = end;
    if ((flags & Flag.padded) !== 0) {
      to -= bytes[from];
      from++;
    }
    if ((flags & Flag.priority) !== 0) from += 5;
    if (from > to) return this.fail('HEADERS with more padding than room');
    const endsStream = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) return this.onHeaderBlock(streamId, endsStream, bytes, from, to);
    this.headerBlock = Buffer.from(bytes.subarray(from, to));
    this.headerStreamId = streamId;
    this.headerEndsStream = endsStream;
  }

  private onContinuation(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    if (this.headerBlock === null || streamId !== this.headerStreamId) return this.fail('CONTINUATION without HEADERS');
    const block = Buffer.concat([this.headerBlock, bytes.subarray(start, end)]);
    if (block.length > HEADER_BLOCK_BYTES_MAX) return this.fail('header block too large');
    this.headerBlock = block;
    if ((flags & Flag.endHeaders) === 0) return;
    this.headerBlock = null;
    this.onHeaderBlock(streamId, this.headerEndsStream, block, 0, block.length);
  }

  private onHeaderBlock(streamId: number, endsStream: boolean, bytes: Buffer, start: number, end: number): void {
    try {
      const fields = this.decoder.decode(bytes, start, end);
      const stream = this.streams.get(streamId);
      if (fields.httpStatus !== 0 && fields.httpStatus !== 200) {
        if (stream !== undefined && !endsStream) this.cancel(stream);
        this.endStream(stream, StreamEnd.httpStatus, `HTTP status ${fields.httpStatus}`);
      } else if (endsStream) {
        const status =
          stream?.hasPartialMessage === true && fields.grpcStatus === 0 ? StreamEnd.badMessage : fields.grpcStatus;
        this.endStream(stream, status, fields.grpcMessage);
      }
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      this.fail(`bad header block: ${error.message}`);
    }
  }

  private endStream(stream: ClientStream | undefined, status: number, message: string): void {
    if (stream === undefined) return;
    this.streams.delete(stream.id);
    if (stream.stalled) this.cancel(stream);
    if (this.queuedCalls.length > 0 && this.streams.size < this.streamsMax) {
      const call = this.queuedCalls.shift();
      if (call !== undefined) this.start(call.stream, call.path, call.message);
    }
    stream.listener.onEnd(stream, status, message);
  }

  private onWindowUpdate(streamId: number, increment: number): void {
    if (streamId === 0) {
      this.sendWindow += increment;
    } else {
      const stream = this.streams.get(streamId);
      if (stream === undefined) return;
      stream.sendWindow += increment;
    }
    if (this.stalled.length > 0) this.sendStalled();
  }

  private onSettingsFrame(bytes: Buffer, flags: number, start: number, end: number): void {
    if ((flags & Flag.ack) !== 0) return;
    if ((end - start) % 6 !== 0) return this.fail('SETTINGS of a wrong length');
    for (let position = start; position < end; position += 6) {
      this.applySetting((bytes[position] << 8) | bytes[position + 1], readUint32(bytes, position + 2));
    }
    this.output.appendFrame(FrameType.settings, Flag.ack, 0, bytes, end, end);
    if (this.stalled.length > 0) this.sendStalled();
    this.onOpened();
  }

  private applySetting(id: number, value: number): void {
    if (id === Setting.headerTableSize) {
      this.headers.limitTable(value);
    } else if (id === Setting.maxConcurrentStreams) {
      this.streamsMax = value;
    } else if (id === Setting.maxFrameSize) {
      this.frameBytesMax = value;
    } else if (id === Setting.initialWindowSize) {
      const difference = value - this.initialSendWindow;
      this.initialSendWindow = value;
      for (const stream of this.streams.values()) stream.sendWindow += difference;
    }
  }

  private onPing(bytes: Buffer, flags: number, start: number, end: number): void {
    if ((flags & Flag.ack) !== 0) return;
    if (end - start !== 8) return this.fail('PING of a wrong length');
    this.output.appendFrame(FrameType.ping, Flag.ack, 0, bytes, start, end);
  }

  private cancel(stream: ClientStream): void {
    this.output.appendUint32Frame(FrameType.rstStream, stream.id, ErrorCode.cancel);
  }

  private sendWindowUpdate(streamId: number, increment: number): void {
    this.output.appendUint32Frame(FrameType.windowUpdate, streamId, increment);
  }
}
