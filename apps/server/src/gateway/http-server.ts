import type { Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

/** etcd's own limit on the size of all header fields together (Go's default). */
const HEADER_BYTES_MAX = 1024 * 1024;
/** Time for the header of a request, from the connection or the answer before it. */
const HEADERS_TIMEOUT_MS = 60_000;
/** How long a connection without requests is kept; longer than what pools of clients keep theirs. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;
/** Silence after which the system asks a peer whether it is still there. */
const TCP_KEEP_ALIVE_MS = 30_000;

/** For `http.createServer`: a request may stream for as long as it likes, so only its header has a deadline. */
export const HTTP_SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: HEADER_BYTES_MAX,
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: 0,
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  noDelay: true,
};

export interface HttpDeadlines {
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

/**
 * Watches over the connections of an HTTP server that does not listen itself: Node's own deadline for headers runs on
 * listening servers only. Connections that are idle or slow with a header are closed, half-open ones are found out.
 */
export function guardConnections(
  server: Server,
  { headersTimeoutMs, keepAliveTimeoutMs }: HttpDeadlines = { headersTimeoutMs: HEADERS_TIMEOUT_MS, keepAliveTimeoutMs: KEEP_ALIVE_TIMEOUT_MS },
): void {
  server.requestTimeout = 0;
  server.keepAliveTimeout = keepAliveTimeoutMs;
  const connections = new WeakMap<Socket, ConnectionDeadline>();
  server.on('connection', (socket: Socket) => {
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    connections.set(socket, new ConnectionDeadline(socket, headersTimeoutMs));
  });
  server.on('request', (request, response) => {
    const deadline = connections.get(request.socket);
    deadline?.requestStarted();
    response.on('close', () => deadline?.requestEnded(headersTimeoutMs + keepAliveTimeoutMs));
  });
  server.on('upgrade', (request) => connections.get(request.socket)?.stop());
}

/** Closes a connection that brings no whole header in time while nothing is being answered on it. */
class ConnectionDeadline {
  private requests = 0;
  private timer: NodeJS.Timeout;
  private delayMs: number;

  constructor(private readonly socket: Socket, delayMs: number) {
    this.delayMs = delayMs;
    this.timer = this.start();
    socket.on('close', () => this.stop());
  }

  requestStarted(): void {
    this.requests++;
  }

  requestEnded(delayMs: number): void {
    this.requests--;
    if (this.socket.destroyed) return;
    if (this.delayMs === delayMs) this.timer.refresh();
    else {
      this.stop();
      this.delayMs = delayMs;
      this.timer = this.start();
    }
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private start(): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.requests === 0) this.socket.destroy();
    }, this.delayMs).unref();
  }
}
