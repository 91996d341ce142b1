/** What a server has seen of its peers since it started, for the metrics; all but `openConnections` and `openStreams` only grow. */
export class Http2Counters {
  connections = 0;
  openConnections = 0;
  streams = 0;
  openStreams = 0;
  /** Streams that clients reset. */
  resets = 0;
  /** Streams refused for `maxConcurrentStreams`. */
  refusedForStreams = 0;
  /** Streams refused because too many bytes of answers wait. */
  refusedForPendingBytes = 0;
  /** Calls ended because too many bytes of requests wait. */
  unreadOverflows = 0;
  /** Requests whose header list is too large. */
  headerListOverflows = 0;
  malformedRequests = 0;
  deadlinesExceeded = 0;
  /** Connections ended, by cause. */
  protocolErrors = 0;
  headerBlockFloods = 0;
  idleFrameFloods = 0;
  resetFloods = 0;
  tooManyPings = 0;
  unwrittenOverflows = 0;
  writeStalls = 0;
  handshakeTimeouts = 0;
  keepAliveTimeouts = 0;
}

/** The counters that tell why a connection was ended. */
export type ConnectionFaultCounter =
  | 'protocolErrors' | 'headerBlockFloods' | 'idleFrameFloods' | 'resetFloods' | 'tooManyPings' | 'unwrittenOverflows';
