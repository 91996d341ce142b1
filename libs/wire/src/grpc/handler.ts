import type { GrpcStatus } from './status';

/** What a handler learns about a call beside its messages; the same whoever carries it. */
export interface GrpcCall {
  /** First value of an ASCII metadata field; names in lower case. */
  metadata(name: string): string | undefined;
  /** Address of the other side, for logs and metrics. */
  readonly peer: string;
  /** Calls back once if the caller cancels, its deadline passes or its connection breaks before the call has ended. */
  onCancel(listener: () => void): void;
}

/**
 * Answers one message with one message. `message` lies in the carrier's receive buffer: what outlives the call's turn is
 * copied by the handler. Resolves with a whole frame (five-byte prefix included); rejects with what `grpcStatusOf` knows.
 */
export type UnaryHandler = (message: Buffer, call: GrpcCall) => Promise<Buffer>;

/** A call with a stream of messages on at least one side. Listeners are set in the turn in which the handler is called. */
export interface GrpcStream extends GrpcCall {
  /** The next message; `message` lies in the carrier's receive buffer. */
  onMessage(listener: (message: Buffer) => void): void;
  /** The caller sends no more messages. */
  onHalfClose(listener: () => void): void;
  /** Stops `onMessage` before long, and with it the flow-control credit that the caller gets. */
  pause(): void;
  resume(): void;
  /** Sends a whole frame. False: more than the window holds is waiting, go on after `onDrain`. */
  send(frame: Buffer): boolean;
  onDrain(listener: () => void): void;
  /** Ends the call; without a status: OK. Harmless on a call that has ended. */
  end(status?: GrpcStatus): void;
}

export type StreamHandler = (stream: GrpcStream) => void;

/** All methods that a port serves, by path (`/etcdserverpb.KV/Range`). */
export interface GrpcHandlers {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  readonly streams: ReadonlyMap<string, StreamHandler>;
}
