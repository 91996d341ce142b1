/** One stream of a connection, as flow control and scheduling see it. Whoever serves requests adds what it does with them. */
export abstract class Http2Stream {
  /** What the peer allows beyond the initial window of all streams, less what was sent. */
  sendDelta = 0;
  /** Bytes received that the peer got no credit for. */
  receivedBytes = 0;
  /** Those of them that may be credited. */
  creditableBytes = 0;
  /** The peer sends no more. */
  remoteEnded = false;
  /** Nothing is sent or received any more. */
  closed = false;
  /** Bytes of the body so far, where a content-length tells how many there must be; otherwise -1. */
  expectedBytes = -1;

  /** Bytes in `queue` that wait for a window or for the socket. */
  pendingBytes = 0;
  queue: Buffer[] | undefined;
  /** Of the first buffer in the queue, what is sent already. */
  queueOffset = 0;
  /** The stream is in the list of those that can send. */
  scheduled = false;
  /** When the queue is empty, `writeEnd` follows. */
  ending = false;

  constructor(readonly id: number) {}

  /** A piece of the body, valid during the call. */
  abstract onData(bytes: Buffer, start: number, end: number): void;
  /** The body is complete. */
  abstract onEnd(): void;
  /** The peer has reset the stream, or the connection is gone. */
  abstract onReset(): void;
  /** All that waited is sent. */
  abstract onSent(): void;
  /** Writes what ends the stream on this side. */
  abstract writeEnd(): void;
}
