/** What a peer may ask of a server; sizes in bytes, times in milliseconds. */
export interface Http2Limits {
  /** Calls that one connection may have under way; more are refused (REFUSED_STREAM), which clients try again. */
  readonly maxConcurrentStreams: number;
  /** Fields of one request, counted as RFC 7541, 4.1, does. */
  readonly headerListBytesMax: number;
  /** A header block as it is sent, over all its frames. */
  readonly headerBlockBytesMax: number;
  readonly headerBlockFramesMax: number;
  /** What a client may send on one stream before it is read. */
  readonly streamWindowBytes: number;
  /** The same for all streams of a connection together; given back as bytes arrive, so that no stream holds up another. */
  readonly connectionWindowBytes: number;
  /** Bytes of requests that are not whole, or that their handler does not want yet, in all calls of a connection. */
  readonly unreadBytesMax: number;
  /** Bytes of answers that wait for the windows of one stream, from which `send` asks to stop. */
  readonly streamPendingBytesMax: number;
  /** The same in all streams of a connection: beyond, new calls are refused. */
  readonly connectionPendingBytesMax: number;
  /** Bytes that wait to be written to the socket, from which no more data is put there. */
  readonly unwrittenBytesMax: number;
  /** Bytes beyond those, of acknowledgements, headers and resets, until the connection is given up. */
  readonly unwrittenControlBytesMax: number;
  /** Frames that ask for no work and do none (settings, pings, empty data, window updates, …): so many at once … */
  readonly idleFramesBurst: number;
  /** … and so many per second; each request and message earns a few more. */
  readonly idleFramesPerSecond: number;
  /** Streams that end by a reset of the client, or by its fault: so many at once … */
  readonly resetsBurst: number;
  /** … and so many per second. */
  readonly resetsPerSecond: number;
  /** Until preface and settings have come. */
  readonly handshakeTimeoutMs: number;
  /** Silence after which the client is pinged; Infinity: never. */
  readonly keepAliveIntervalMs: number;
  /** How long the client may take to answer that. */
  readonly keepAliveTimeoutMs: number;
  /** Clients that ping more often than this, three times, are sent away (`too_many_pings`). */
  readonly clientPingIntervalMinMs: number;
  /** Whether clients may ping that often while they have no call under way. */
  readonly permitPingWithoutStream: boolean;
  /** How long the socket may take no byte while some wait. */
  readonly writeStallTimeoutMs: number;
  /** How long a client may take to hear that no new calls are taken. */
  readonly drainNoticeMs: number;
}

/** etcd's defaults where it has any (`--grpc-keepalive-*`, `--max-concurrent-streams`). */
export const DEFAULT_HTTP2_LIMITS: Http2Limits = {
  maxConcurrentStreams: 0xffff_ffff,
  headerListBytesMax: 64 * 1024,
  headerBlockBytesMax: 128 * 1024,
  headerBlockFramesMax: 128,
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 4 * 1024 * 1024,
  unreadBytesMax: 256 * 1024 * 1024,
  streamPendingBytesMax: 64 * 1024,
  connectionPendingBytesMax: 512 * 1024 * 1024,
  unwrittenBytesMax: 512 * 1024,
  unwrittenControlBytesMax: 4 * 1024 * 1024,
  idleFramesBurst: 10_000,
  idleFramesPerSecond: 1000,
  resetsBurst: 5000,
  resetsPerSecond: 500,
  handshakeTimeoutMs: 10_000,
  keepAliveIntervalMs: 2 * 3600 * 1000,
  keepAliveTimeoutMs: 20_000,
  clientPingIntervalMinMs: 5000,
  permitPingWithoutStream: false,
  writeStallTimeoutMs: 60_000,
  drainNoticeMs: 5000,
};
