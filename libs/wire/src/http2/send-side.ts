import type { BufferPool } from './buffer-pool';
import { HpackEncoder } from './hpack-encoder';
import { OutputBuffer } from './output-buffer';
import { DEFAULT_FRAME_BYTES_MAX, DEFAULT_WINDOW_BYTES, FrameFlag, FrameType, WINDOW_BYTES_LIMIT } from './protocol.table';
import type { Http2Stream } from './stream';

/** Larger frames would only let one stream hold up the others. */
const DATA_FRAME_BYTES_MAX = 32 * 1024;

/** A window that is opened by less than this at a time is not opened to receive. */
const USEFUL_FRAME_BYTES = 1024;

/** Sends what the streams of one connection have, as far as windows and socket allow, in turns. */
export class SendSide {
  readonly output: OutputBuffer;
  readonly encoder = new HpackEncoder();
  /** What the peer takes on the connection. */
  window = DEFAULT_WINDOW_BYTES;
  /** SETTINGS_INITIAL_WINDOW_SIZE of the peer. */
  initialWindow = DEFAULT_WINDOW_BYTES;
  /** SETTINGS_MAX_FRAME_SIZE of the peer. */
  frameBytesMax = DEFAULT_FRAME_BYTES_MAX;
  /** SETTINGS_MAX_HEADER_LIST_SIZE of the peer. */
  headerListBytesMax = Infinity;
  /** Bytes that were taken to be written and are not yet. */
  unwrittenBytes = 0;
  /** Bytes that wait in all streams. */
  pendingBytes = 0;
  /** Frames sent that ended a message or were of some size, for the window updates that they cause. */
  usefulFrames = 0;
  /** Headers or data were sent since this was set to false. */
  sentSincePing = false;
  private ready: Http2Stream[] = [];
  private pumping = false;

  constructor(pool: BufferPool, private readonly unwrittenBytesMax: number) {
    this.output = new OutputBuffer(pool);
  }

  /** The socket takes too little for more data. */
  get blocked(): boolean {
    return this.unwrittenBytes + this.output.length > this.unwrittenBytesMax;
  }

  /** A header block, in as many frames as the peer's frame size asks for. */
  headers(id: number, block: Buffer, endStream: boolean): void {
    this.sentSincePing = true;
    const flags = endStream ? FrameFlag.END_STREAM : 0;
    if (block.length <= this.frameBytesMax && block.length <= DATA_FRAME_BYTES_MAX) {
      this.output.appendFrame(FrameType.HEADERS, flags | FrameFlag.END_HEADERS, id, block, 0, block.length);
      return;
    }
    for (let at = 0; at < block.length; at += DEFAULT_FRAME_BYTES_MAX) {
      const end = Math.min(at + DEFAULT_FRAME_BYTES_MAX, block.length);
      const last = end === block.length ? FrameFlag.END_HEADERS : 0;
      if (at === 0) this.output.appendFrame(FrameType.HEADERS, flags | last, id, block, at, end);
      else this.output.appendFrame(FrameType.CONTINUATION, last, id, block, at, end);
    }
  }

  /** Sends at once what windows and socket allow, and keeps the rest; `bytes` must not change after the call. */
  data(stream: Http2Stream, bytes: Buffer): void {
    const { length } = bytes;
    if (length === 0) return;
    const fits = length <= this.window && length <= this.initialWindow + stream.sendDelta
      && length <= this.frameBytesMax && length <= DATA_FRAME_BYTES_MAX;
    if (fits && stream.pendingBytes === 0 && !this.blocked) {
      this.window -= length;
      stream.sendDelta -= length;
      this.sentSincePing = true;
      this.usefulFrames++;
      this.output.appendFrame(FrameType.DATA, 0, stream.id, bytes, 0, length);
      return;
    }
    (stream.queue ??= []).push(bytes);
    stream.pendingBytes += length;
    this.pendingBytes += length;
    this.schedule(stream);
    this.pump();
  }

  /** Ends the stream after what waits. */
  end(stream: Http2Stream): void {
    if (stream.pendingBytes === 0) stream.writeEnd();
    else stream.ending = true;
  }

  /** Forgets what waits in a stream that is over. */
  drop(stream: Http2Stream): void {
    this.pendingBytes -= stream.pendingBytes;
    stream.pendingBytes = 0;
    stream.queue = undefined;
    stream.queueOffset = 0;
    stream.ending = false;
  }

  /** False: the window would be larger than there may be. */
  growWindow(bytes: number): boolean {
    this.window += bytes;
    return this.window <= WINDOW_BYTES_LIMIT;
  }

  /** The same for a stream. */
  growStreamWindow(stream: Http2Stream, bytes: number): boolean {
    stream.sendDelta += bytes;
    if (this.initialWindow + stream.sendDelta > WINDOW_BYTES_LIMIT) return false;
    this.schedule(stream);
    return true;
  }

  /** Puts a stream with waiting bytes among those that take turns. */
  schedule(stream: Http2Stream): void {
    if (stream.scheduled || stream.pendingBytes === 0) return;
    stream.scheduled = true;
    this.ready.push(stream);
  }

  /** Sends what may be sent of what waits: one frame of each stream in turn. */
  pump(): void {
    if (this.pumping || this.ready.length === 0) return;
    this.pumping = true;
    while (this.ready.length > 0 && this.window > 0 && !this.blocked) {
      const turn = this.ready;
      this.ready = [];
      for (let at = 0; at < turn.length; at++) {
        if (this.window <= 0 || this.blocked) {
          this.ready = turn.slice(at).concat(this.ready);
          break;
        }
        this.pumpStream(turn[at] as Http2Stream);
      }
    }
    this.pumping = false;
  }

  private pumpStream(stream: Http2Stream): void {
    stream.scheduled = false;
    const room = Math.min(this.initialWindow + stream.sendDelta, this.window, this.frameBytesMax, DATA_FRAME_BYTES_MAX, stream.pendingBytes);
    // A stream without room comes back with its next window update; one that was dropped does not.
    if (room <= 0) return;
    this.writeQueued(stream, room);
    if (stream.pendingBytes > 0) {
      this.schedule(stream);
      return;
    }
    stream.queue = undefined;
    if (stream.ending) stream.writeEnd();
    else stream.onSent();
  }

  /** One frame of `count` bytes from the queue, from as many messages as it takes. */
  private writeQueued(stream: Http2Stream, count: number): void {
    const queue = stream.queue as Buffer[];
    this.output.appendHeader(count, FrameType.DATA, 0, stream.id);
    let first = 0;
    for (let left = count; left > 0;) {
      const bytes = queue[first] as Buffer;
      const end = Math.min(bytes.length, stream.queueOffset + left);
      this.output.appendPayload(bytes, stream.queueOffset, end);
      left -= end - stream.queueOffset;
      stream.queueOffset = end;
      if (end === bytes.length) {
        first++;
        stream.queueOffset = 0;
      }
    }
    if (first > 0) queue.splice(0, first);
    stream.pendingBytes -= count;
    this.pendingBytes -= count;
    this.window -= count;
    stream.sendDelta -= count;
    this.sentSincePing = true;
    if (first > 0 || count >= USEFUL_FRAME_BYTES) this.usefulFrames++;
  }
}
