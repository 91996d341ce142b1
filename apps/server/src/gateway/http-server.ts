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

/** For `http.createServer`, where one is made: a request may stream for as long as it likes, so only its header has a deadline. */
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
 * listening servers only, and so do `closeIdleConnections` and `closeAllConnections`, which this makes work. Connections
 * that are idle or slow with a header are closed, half-open ones are found out.
 */
export function guardConnections(
  server: Server,
  { headersTimeoutMs, keepAliveTimeoutMs }: HttpDeadlines = { headersTimeoutMs: HEADERS_TIMEOUT_MS, keepAliveTimeoutMs: KEEP_ALIVE_TIMEOUT_MS },
): void {
  // Read by Node for each connection, though its type does not have it.
  Object.assign(server, { maxHeaderSize: HEADER_BYTES_MAX });
  server.requestTimeout = 0;
  server.keepAliveTimeout = keepAliveTimeoutMs;
  const connections = new Map<Socket, Connection>();
  let closing = false;
  server.on('connection', (socket: Socket) => {
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    connections.set(socket, new Connection(socket, headersTimeoutMs));
    socket.on('close', () => connections.delete(socket));
  });
  server.on('request', (request, response) => {
    const connection = connections.get(request.socket);
    connection?.requestStarted();
    response.on('close', () => {
      connection?.requestEnded(headersTimeoutMs + keepAliveTimeoutMs);
      if (closing) connection?.closeIfIdle();
    });
  });
  server.on('upgrade', (request) => connections.get(request.socket)?.upgraded());
  server.closeIdleConnections = (): void => {
    closing = true;
    for (const connection of connections.values()) connection.closeIfIdle();
  };
  server.closeAllConnections = (): void => {
    for (const socket of connections.keys()) socket.destroy();
  };
}

/** Closes a connection that brings no whole header in time while nothing is being answered on it. */
class Connection {
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

  /** It speaks another protocol from now on, which has its own rules. */
  upgraded(): void {
    this.requests++;
    this.stop();
  }

  closeIfIdle(): void {
    if (this.requests === 0) this.socket.end();
  }

  private stop(): void {
    clearTimeout(this.timer);
  }

  private start(): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.requests === 0) this.socket.destroy();
    }, this.delayMs).unref();
  }
}
