import type { CallContext } from '@quorate/api';
import {
  type AnyMethod, DecodeError, type GrpcCall, type GrpcHandlers, type GrpcStatus, grpcStatusOf, type GrpcStream, type Method,
  streamDecodeStatus, type StreamHandler, type UnaryHandler,
} from '@quorate/wire';

/** A method that answers one message with one message, on messages: the gRPC carrier and the JSON gateway both serve it. */
export interface ServedUnary {
  readonly kind: 'unary';
  readonly method: AnyMethod;
  handle(request: unknown, call: GrpcCall): Promise<unknown>;
}

/** A method with a stream on at least one side. */
export interface ServedStream {
  readonly kind: 'stream';
  readonly method: AnyMethod;
  /** Sets its listeners before it returns. */
  open(stream: MessageStream<unknown, unknown>): void;
}

export type ServedMethod = ServedUnary | ServedStream;

export function unary<Request, Response>(
  method: Method<Request, Response>, handle: (request: Request, call: GrpcCall) => Promise<Response>,
): ServedUnary {
  return { kind: 'unary', method: method as AnyMethod, handle: handle as ServedUnary['handle'] };
}

export function streaming<Request, Response>(
  method: Method<Request, Response>, open: (stream: MessageStream<Request, Response>) => void,
): ServedStream {
  return { kind: 'stream', method: method as AnyMethod, open: open as ServedStream['open'] };
}

/** `GrpcStream` on messages instead of bytes. */
export interface MessageStream<Request, Response> extends GrpcCall {
  onMessage(listener: (request: Request) => void): void;
  onHalfClose(listener: () => void): void;
  pause(): void;
  resume(): void;
  /** False: wait for `onDrain`. */
  send(response: Response): boolean;
  onDrain(listener: () => void): void;
  end(status?: GrpcStatus): void;
}

/** The same methods on bytes, for whoever carries gRPC. */
export function grpcHandlersOf(methods: readonly ServedMethod[]): GrpcHandlers {
  const unaryHandlers = new Map<string, UnaryHandler>();
  const streams = new Map<string, StreamHandler>();
  for (const served of methods) {
    if (served.kind === 'unary') unaryHandlers.set(served.method.path, unaryHandler(served));
    else streams.set(served.method.path, (stream) => served.open(new DecodedStream(served.method, stream)));
  }
  return { unary: unaryHandlers, streams };
}

function unaryHandler({ method, handle }: ServedUnary): UnaryHandler {
  return async (message, call) => method.response.encodeFrame(await handle(method.request.decode(message), call));
}

/** What etcd's clients may say in metadata. */
export function contextOf(call: GrpcCall): CallContext {
  return call.metadata('hasleader') === 'true' ? REQUIRE_LEADER : NO_CONTEXT;
}

const REQUIRE_LEADER: CallContext = { requireLeader: true };
const NO_CONTEXT: CallContext = {};

class DecodedStream implements MessageStream<unknown, unknown> {
  readonly peer: string;

  constructor(private readonly method: AnyMethod, private readonly stream: GrpcStream) {
    this.peer = stream.peer;
  }

  metadata(name: string): string | undefined {
    return this.stream.metadata(name);
  }

  onCancel(listener: () => void): void {
    this.stream.onCancel(listener);
  }

  onMessage(listener: (request: unknown) => void): void {
    this.stream.onMessage((message) => {
      try {
        listener(this.method.request.decode(message));
      } catch (error) {
        this.stream.end(error instanceof DecodeError ? streamDecodeStatus(error) : grpcStatusOf(error));
      }
    });
  }

  onHalfClose(listener: () => void): void {
    this.stream.onHalfClose(listener);
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  send(response: unknown): boolean {
    return this.stream.send(this.method.response.encodeFrame(response));
  }

  onDrain(listener: () => void): void {
    this.stream.onDrain(listener);
  }

  end(status?: GrpcStatus): void {
    this.stream.end(status);
  }
}
