import { GrpcCode } from '@quorate/api';
import type { GrpcStream, UnaryHandler } from '../grpc/handler';
import { type GrpcStatus, grpcStatusOf } from '../grpc/status';
import type { ConnectionState } from './connection-state';
import type { DeadlineEntry, DeadlineWheel } from './deadline-wheel';
import { DEADLINE_TEXT, type GrpcHead } from './grpc-head';
import { MessageAssembler } from './message-assembler';
import { Http2ErrorCode } from './protocol.table';
import { Http2Stream } from './stream';

const PREFIX_BYTES = 5;
/** Answers of one call that may wait before its requests do: a handler that heeds `send` never gets there. */
const HELD_BYTES_MAX = 1024 * 1024;

/** What calls share. */
export interface CallServices {
  readonly deadlines: DeadlineWheel;
  /** Unpacks a gzip message, elsewhere than in this turn; rejects with what `grpcStatusOf` knows. */
  decompress(bytes: Buffer, encoding: string, messageBytesMax: number): Promise<Buffer>;
  readonly receiveBytesMax: number;
}

/** One call: the stream that carries it, and what its handler sees of it. */
export class GrpcServerCall extends Http2Stream implements GrpcStream, DeadlineEntry {
  deadlineMs = 0;
  deadlineNext: DeadlineEntry | undefined;
  deadlinePrevious: DeadlineEntry | undefined;
  private messageListener: ((message: Buffer) => void) | undefined;
  private halfCloseListener: (() => void) | undefined;
  private cancelListener: (() => void) | undefined;
  private drainListener: (() => void) | undefined;
  private assembler: MessageAssembler | undefined;
  /** The handler has ended the call, or has been told that it is cancelled. */
  private over = false;
  private status: GrpcStatus | undefined;
  private headersSent = false;
  private unaryHandler: UnaryHandler | undefined;
  private unaryStarted = false;
  private paused = false;
  private unpacking = false;
  private wantsDrain = false;
  /** The end of the requests is still to be told. */
  private endUntold = false;

  constructor(id: number, private readonly state: ConnectionState, private readonly head: GrpcHead, private readonly services: CallServices) {
    super(id);
  }

  get peer(): string {
    return this.state.peer;
  }

  /** Hands the call to its handler. */
  start(): void {
    const { route, timeoutMs } = this.head;
    if (timeoutMs !== undefined) this.services.deadlines.add(this, this.state.nowMs + timeoutMs, this.state.nowMs);
    if (route.type === 'unary') this.unaryHandler = route.handler;
    else if (route.type === 'stream') {
      try {
        route.handler(this);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  metadata(name: string): string | undefined {
    return this.head.value(name);
  }

  onMessage(listener: (message: Buffer) => void): void {
    this.messageListener = listener;
  }

  onHalfClose(listener: () => void): void {
    this.halfCloseListener = listener;
  }

  onCancel(listener: () => void): void {
    this.cancelListener = listener;
  }

  onDrain(listener: () => void): void {
    this.drainListener = listener;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.deliverKept();
  }

  send(frame: Buffer): boolean {
    if (this.over || this.closed) return true;
    const { state } = this;
    if (!this.headersSent) {
      this.headersSent = true;
      state.send.headers(this.id, state.blocks.headers(), false);
    }
    state.send.data(this, frame);
    state.wake();
    if (this.pendingBytes <= state.limits.streamPendingBytesMax) return true;
    this.wantsDrain = true;
    return false;
  }

  end(status?: GrpcStatus): void {
    if (this.over) return;
    this.over = true;
    this.status = status;
    this.services.deadlines.remove(this);
    this.forgetKept();
    if (this.closed) return;
    this.state.send.end(this);
    this.state.wake();
  }

  /** The deadline is over. */
  expire(): void {
    if (this.over || this.closed) return;
    this.state.counters.deadlinesExceeded++;
    this.cancelWith({ code: GrpcCode.DEADLINE_EXCEEDED, message: DEADLINE_TEXT });
  }

  override onData(bytes: Buffer, start: number, end: number): void {
    let at = start;
    if (this.over) return this.state.credit(this, end - start);
    if (this.assembler === undefined) {
      at = this.deliverFrom(bytes, start, end);
      if (at > start) this.state.credit(this, at - start);
      if (this.over || at === end) return;
      this.assembler = new MessageAssembler();
    }
    this.keep(this.assembler, bytes, at, end);
  }

  override onEnd(): void {
    this.endUntold = true;
    this.tellEnd();
  }

  override onReset(): void {
    this.forgetKept();
    if (this.over) return;
    this.over = true;
    this.services.deadlines.remove(this);
    this.tellCancel();
  }

  override onSent(): void {
    if (this.wantsDrain && !this.over) {
      this.wantsDrain = false;
      this.guarded(this.drainListener);
    }
    this.deliverKept();
  }

  override writeEnd(): void {
    const { state } = this;
    const block = this.headersSent ? state.blocks.trailers(this.status) : state.blocks.trailersOnly(this.status);
    state.send.headers(this.id, block, true);
    // The client may be in the middle of sending: it need not go on.
    if (this.remoteEnded) state.closeStream(this, false);
    else state.resetStream(this, Http2ErrorCode.NO_ERROR);
  }

  /** No message is handed on for now. */
  private get held(): boolean {
    return this.paused || this.unpacking || this.pendingBytes > HELD_BYTES_MAX;
  }

  /** Hands on the messages that lie in a chunk as a whole; the position of the first byte that was not. */
  private deliverFrom(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (end - at >= PREFIX_BYTES && !this.held) {
      const length = bytes.readUInt32BE(at + 1);
      if (!this.checkPrefix(bytes[at] as number, length)) return end;
      const next = at + PREFIX_BYTES + length;
      if (next > end) break;
      this.deliver(bytes.subarray(at + PREFIX_BYTES, next), bytes[at] === 1);
      if (this.over) return end;
      at = next;
    }
    return at;
  }

  /** False: the call is over. */
  private checkPrefix(flag: number, length: number): boolean {
    if (flag > 1) {
      this.cancelWith({ code: GrpcCode.INTERNAL, message: `grpc: received unexpected payload format ${flag}` });
      return false;
    }
    const { receiveBytesMax } = this.services;
    if (length <= receiveBytesMax) return true;
    const message = `grpc: received message larger than max (${length} vs. ${receiveBytesMax})`;
    this.cancelWith({ code: GrpcCode.RESOURCE_EXHAUSTED, message });
    return false;
  }

  private deliver(message: Buffer, compressed: boolean): void {
    this.state.earn();
    if (compressed) this.unpack(message);
    else this.handOn(message);
  }

  private handOn(message: Buffer): void {
    if (this.unaryHandler !== undefined) return this.startUnary(this.unaryHandler, message);
    try {
      this.messageListener?.(message);
    } catch (error) {
      this.failed(error);
    }
  }

  private startUnary(handler: UnaryHandler, message: Buffer): void {
    if (this.unaryStarted) return;
    this.unaryStarted = true;
    try {
      handler(message, this).then((frame) => this.answer(frame), (error: unknown) => this.end(grpcStatusOf(error)));
    } catch (error) {
      this.failed(error);
    }
  }

  private answer(frame: Buffer): void {
    this.send(frame);
    this.end();
  }

  private unpack(message: Buffer): void {
    const { encoding } = this.head;
    if (encoding === '' || encoding === 'identity') {
      return this.cancelWith({ code: GrpcCode.INTERNAL, message: 'grpc: compressed flag set with identity or empty encoding' });
    }
    this.unpacking = true;
    this.services.decompress(Buffer.from(message), encoding, this.services.receiveBytesMax).then((unpacked) => {
      this.unpacking = false;
      if (this.over) return;
      this.handOn(unpacked);
      this.deliverKept();
    }, (error: unknown) => {
      this.unpacking = false;
      this.cancelWith(grpcStatusOf(error));
    });
  }

  /** Keeps a copy of what cannot be handed on yet. */
  private keep(assembler: MessageAssembler, bytes: Buffer, start: number, end: number): void {
    const { state } = this;
    state.unreadBytes += end - start;
    assembler.push(bytes, start, end, this.neededBytes(assembler));
    if (state.unreadBytes > state.limits.unreadBytesMax) {
      state.counters.unreadOverflows++;
      return this.cancelWith({ code: GrpcCode.RESOURCE_EXHAUSTED, message: 'too many unfinished requests on this connection' });
    }
    this.deliverKept();
  }

  private neededBytes(assembler: MessageAssembler): number {
    return assembler.length < PREFIX_BYTES ? 0 : PREFIX_BYTES + assembler.uint32(1);
  }

  /** Hands on what was kept, as far as it is whole and wanted, and gives credit for it. */
  private deliverKept(): void {
    const { assembler } = this;
    if (assembler === undefined) return this.tellEnd();
    while (!this.over && !this.held && assembler.length >= PREFIX_BYTES) {
      const flag = assembler.byte(0);
      const needed = this.neededBytes(assembler);
      if (!this.checkPrefix(flag, needed - PREFIX_BYTES) || assembler.length < needed) break;
      this.state.unreadBytes -= needed;
      this.deliver(assembler.take(PREFIX_BYTES, needed), flag === 1);
    }
    if (this.over || this.closed) return;
    if (assembler.length === 0) this.assembler = undefined;
    // For the rest of a message there must be credit; for messages that are not wanted there is none.
    const withheld = this.held ? assembler.length : 0;
    const credit = this.receivedBytes - this.creditableBytes - withheld;
    if (credit > 0) this.state.credit(this, credit);
    this.tellEnd();
  }

  /** Tells the end of the requests, once all of them were handed on. */
  private tellEnd(): void {
    if (!this.endUntold || this.held || this.over) return;
    this.endUntold = false;
    const isUnary = this.unaryHandler !== undefined;
    if (isUnary && this.unaryStarted) return;
    // The codes are grpc-go's: it tells a broken stream otherwise than a broken unary call.
    if (this.assembler !== undefined) this.cancelWith({ code: isUnary ? GrpcCode.UNKNOWN : GrpcCode.INTERNAL, message: 'unexpected EOF' });
    else if (isUnary) this.end({ code: GrpcCode.UNKNOWN, message: 'EOF' });
    else this.guarded(this.halfCloseListener);
  }

  private forgetKept(): void {
    if (this.assembler === undefined) return;
    this.state.unreadBytes -= this.assembler.length;
    this.assembler = undefined;
  }

  /** Ends the call for the caller and for the handler. */
  private cancelWith(status: GrpcStatus): void {
    if (this.over) return;
    // What waits for the window of the caller would hold up the status.
    if (this.pendingBytes > 0) {
      this.state.resetStream(this, Http2ErrorCode.CANCEL);
      this.onReset();
      this.state.wake();
      return;
    }
    this.end(status);
    this.tellCancel();
  }

  private failed(error: unknown): void {
    this.end(grpcStatusOf(error));
  }

  private tellCancel(): void {
    this.guarded(this.cancelListener);
  }

  /** A listener must not end anything but its own call. */
  private guarded(listener: (() => void) | undefined): void {
    if (listener === undefined) return;
    try {
      listener();
    } catch (error) {
      this.failed(error);
    }
  }
}
