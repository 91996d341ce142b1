import type { ConnectionState } from './connection-state';
import { HeaderAssembly } from './header-assembly';
import { HeaderCache } from './header-cache';
import type { HeaderField } from './header-field';
import { type DecodedBlock, HpackDecoder, HpackError } from './hpack-decoder';
import { FrameFlag, Http2ErrorCode, readUint31 } from './protocol.table';
import { areTrailers, type RequestHead } from './request-head';
import type { Http2Stream } from './stream';

/** Whoever serves the requests of a connection. */
export interface RequestServer<Head extends RequestHead> {
  /** What a header block means; asked once for blocks that are the same. */
  interpret(fields: readonly HeaderField[]): Head;
  /** A request has begun. Undefined: it is answered already, and nothing more of it is wanted. */
  open(connection: ConnectionState, id: number, head: Head, endsStream: boolean): Http2Stream | undefined;
}

/** Receives HEADERS and CONTINUATION: header blocks, and with them requests and trailers. */
export class HeaderReceiver<Head extends RequestHead> {
  private assembly: HeaderAssembly | undefined;
  private readonly decoder = new HpackDecoder();
  private readonly heads = new HeaderCache<Head>();

  constructor(private readonly state: ConnectionState, private readonly server: RequestServer<Head>) {}

  /** Set: nothing but the rest of the header block of this stream may come. */
  get unfinishedId(): number | undefined {
    return this.assembly?.streamId;
  }

  onHeaders(bytes: Buffer, flags: number, id: number, start: number, end: number): void {
    if (id % 2 === 0) return this.state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'HEADERS without a stream of the client');
    let from = start;
    let to = end;
    if ((flags & FrameFlag.PADDED) !== 0) to -= from < end ? bytes[from++] as number : 1;
    let selfDependent = false;
    if ((flags & FrameFlag.PRIORITY) !== 0) {
      selfDependent = from + 5 <= to && readUint31(bytes, from) === id;
      from += 5;
    }
    if (from > to) return this.state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'HEADERS with more padding than room');
    const endsStream = (flags & FrameFlag.END_STREAM) !== 0;
    if ((flags & FrameFlag.END_HEADERS) !== 0) return this.onBlock(bytes, from, to, id, endsStream, selfDependent);
    this.assembly = new HeaderAssembly(id, endsStream, selfDependent);
    this.addToBlock(this.assembly, bytes, from, to);
  }

  onContinuation(bytes: Buffer, flags: number, start: number, end: number): void {
    const { assembly } = this;
    if (assembly === undefined) return this.state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'CONTINUATION without HEADERS');
    this.addToBlock(assembly, bytes, start, end);
    if ((flags & FrameFlag.END_HEADERS) === 0 || this.state.end !== undefined) return;
    this.assembly = undefined;
    const block = assembly.block();
    this.onBlock(block, 0, block.length, assembly.streamId, assembly.endsStream, assembly.selfDependent);
  }

  private addToBlock(assembly: HeaderAssembly, bytes: Buffer, start: number, end: number): void {
    const { headerBlockBytesMax, headerBlockFramesMax } = this.state.limits;
    if (assembly.add(bytes, start, end, headerBlockBytesMax, headerBlockFramesMax)) return;
    this.state.fail(Http2ErrorCode.ENHANCE_YOUR_CALM, 'header block too large', 'headerBlockFloods');
  }

  private onBlock(bytes: Buffer, start: number, end: number, id: number, endsStream: boolean, selfDependent: boolean): void {
    if (id <= this.state.lastStreamId) return this.onLaterBlock(bytes, start, end, id, endsStream);
    this.state.lastStreamId = id;
    const version = this.decoder.tableVersion;
    let head = this.heads.find(bytes, start, end, version);
    if (head === undefined) {
      const decoded = this.decode(bytes, start, end);
      if (decoded === undefined) return;
      if (decoded.tooLarge) {
        this.state.counters.headerListOverflows++;
        return this.refuse(id, Http2ErrorCode.FRAME_SIZE_ERROR);
      }
      head = this.server.interpret(decoded.fields);
      if (this.decoder.tableVersion === version) this.heads.store(bytes, start, end, version, head);
    }
    this.open(id, head, endsStream, selfDependent);
  }

  private open(id: number, head: Head, endsStream: boolean, selfDependent: boolean): void {
    const { state } = this;
    const { counters, limits } = state;
    counters.streams++;
    if (head.malformed || selfDependent || (endsStream && head.contentLength > 0)) {
      counters.malformedRequests++;
      return this.refuse(id, Http2ErrorCode.PROTOCOL_ERROR);
    }
    if (state.streams.size >= limits.maxConcurrentStreams) {
      counters.refusedForStreams++;
      return this.refuse(id, Http2ErrorCode.REFUSED_STREAM);
    }
    if (state.send.pendingBytes > limits.connectionPendingBytesMax) {
      counters.refusedForPendingBytes++;
      return this.refuse(id, Http2ErrorCode.REFUSED_STREAM);
    }
    state.earn();
    // Later than the last stream that the client was told of: it knows that this one is not served.
    if (state.draining) return;
    const stream = this.server.open(state, id, head, endsStream);
    if (stream === undefined) return;
    stream.expectedBytes = head.contentLength;
    if (endsStream && !stream.closed) stream.onEnd();
  }

  /** Trailers of a request, or a block of a stream that is over; it is decoded in any case, because it changes the table. */
  private onLaterBlock(bytes: Buffer, start: number, end: number, id: number, endsStream: boolean): void {
    const decoded = this.decode(bytes, start, end);
    if (decoded === undefined) return;
    const { state } = this;
    const stream = state.find(id);
    if (stream === undefined) {
      const closing = state.closing(id);
      if (closing === 'reset') return void state.spendIdle();
      if (closing === 'closed') return state.fail(Http2ErrorCode.STREAM_CLOSED, 'HEADERS on a closed stream');
      return state.fail(Http2ErrorCode.PROTOCOL_ERROR, 'stream ids must grow');
    }
    if (stream.remoteEnded) return state.faultStream(stream, Http2ErrorCode.STREAM_CLOSED);
    if (!endsStream || decoded.tooLarge || !areTrailers(decoded.fields) || stream.expectedBytes > 0) {
      state.counters.malformedRequests++;
      return state.faultStream(stream, Http2ErrorCode.PROTOCOL_ERROR);
    }
    stream.remoteEnded = true;
    stream.onEnd();
  }

  private refuse(id: number, code: Http2ErrorCode): void {
    this.state.refuse(id, code);
    this.state.spendReset();
  }

  private decode(bytes: Buffer, start: number, end: number): DecodedBlock | undefined {
    try {
      return this.decoder.decode(bytes, start, end, this.state.limits.headerListBytesMax);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      this.state.fail(Http2ErrorCode.COMPRESSION_ERROR, error.message);
      return undefined;
    }
  }
}
