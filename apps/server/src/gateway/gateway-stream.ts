import { DecodeError, decodeJson, encodeJson, type GrpcStatus, JsonValueSplitter, services } from '@quorate/wire';
import { GrpcCode } from '@quorate/api';
import type { MessageStream, ServedStream } from '../etcd/method';
import type { HttpCall } from './http-call';
import { statusOf } from './unary-call';

const OK: GrpcStatus = { code: GrpcCode.OK, message: '' };

/** Where a stream's messages go and come from: a chunked HTTP answer or a WebSocket. */
export interface StreamCarrier {
  /** Sends one message. False: wait for the call of `GatewayStream.drained`. */
  sendMessage(json: string): boolean;
  end(status: GrpcStatus): void;
  /** The request could not be read; nothing more will be sent. */
  refuse(status: GrpcStatus): void;
  pause(): void;
  resume(): void;
}

/** A stream of the gateway as the methods see it; JSON outside, messages inside. */
export class GatewayStream implements MessageStream<unknown, unknown> {
  readonly peer: string;
  private readonly splitter: JsonValueSplitter;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  private readonly waiting: string[] = [];
  private messageListener: ((request: unknown) => void) | undefined;
  private halfCloseListener: (() => void) | undefined;
  private drainListener: (() => void) | undefined;
  private paused = false;
  private inputEnded = false;
  private delivering = false;

  constructor(
    private readonly served: ServedStream,
    private readonly call: HttpCall,
    private readonly carrier: StreamCarrier,
    messageLengthMax: number,
  ) {
    this.peer = call.peer;
    this.splitter = new JsonValueSplitter(messageLengthMax);
  }

  metadata(name: string): string | undefined {
    return this.call.metadata(name);
  }

  onCancel(listener: () => void): void {
    this.call.onCancel(listener);
  }

  onMessage(listener: (request: unknown) => void): void {
    this.messageListener = listener;
  }

  onHalfClose(listener: () => void): void {
    this.halfCloseListener = listener;
  }

  onDrain(listener: () => void): void {
    this.drainListener = listener;
  }

  pause(): void {
    this.paused = true;
    this.carrier.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.carrier.resume();
    this.deliver();
  }

  send(response: unknown): boolean {
    if (this.call.isOver) return true;
    return this.carrier.sendMessage(encodeJson(this.served.method.response, response));
  }

  end(status: GrpcStatus = OK): void {
    if (this.call.isOver) return;
    this.call.finish();
    this.carrier.end(status);
  }

  /** A piece of the body. */
  receive(piece: Buffer): void {
    if (this.call.isOver) return;
    this.take(() => this.splitter.push(this.decoder.decode(piece, { stream: true })));
  }

  /** The body is over; what is left in it may be a last message without an end of its own. */
  receiveEnd(): void {
    if (this.call.isOver) return;
    this.take(() => {
      const values = this.splitter.push(this.decoder.decode());
      const last = this.splitter.end();
      return last === undefined ? values : [...values, last];
    });
    this.inputEnded = true;
    this.deliver();
  }

  drained(): void {
    this.drainListener?.();
  }

  private take(split: () => string[]): void {
    try {
      for (const value of split()) this.waiting.push(value);
    } catch (error) {
      this.refuse(error instanceof TypeError ? new DecodeError('proto: syntax error: invalid UTF-8') : error);
      return;
    }
    this.deliver();
  }

  private deliver(): void {
    if (this.delivering) return;
    this.delivering = true;
    while (!this.paused && !this.call.isOver && this.waiting.length > 0) this.deliverNext(this.waiting.shift() as string);
    this.delivering = false;
    if (!this.inputEnded || this.paused || this.call.isOver) return;
    this.inputEnded = false;
    // A watch goes on after its requests: curl sends one body and listens.
    if (this.served.method.path !== services.Watch.Watch.path) this.halfCloseListener?.();
  }

  private deliverNext(json: string): void {
    let message: unknown;
    try {
      message = decodeJson(this.served.method.request, json);
    } catch (error) {
      this.refuse(error);
      return;
    }
    try {
      this.messageListener?.(message);
    } catch (error) {
      this.end(statusOf(error));
    }
  }

  /** The carrier answers before the method hears of it, so that its end does not come first. */
  private refuse(error: unknown): void {
    if (this.call.isOver) return;
    this.carrier.refuse(statusOf(error));
    this.call.cancel();
  }
}
