import type { Socket } from 'node:net';
import type { ConnectionCarrier, GrpcConnection, GrpcServer } from '@quorate/wire';

/** How long a connection that has ended may take to be read to its end. */
const CLOSE_TIMEOUT_MS = 1000;

/** Collects what is to be written in one turn. */
export interface Turn {
  add(link: SocketLink): void;
}

/** Carries one connection's bytes between its socket and its state. */
export class SocketLink implements ConnectionCarrier {
  private readonly connection: GrpcConnection;
  /** Written, but not yet taken by the system: oldest first. */
  private readonly inFlight: { readonly buffer: Buffer; readonly length: number }[] = [];
  private awake = false;
  private closing = false;
  private closeTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: Socket, private readonly server: GrpcServer, private readonly turn: Turn,
    private readonly onClosed: (link: SocketLink) => void,
  ) {
    this.connection = server.connect(this, socket.remoteAddress ?? '', performance.now());
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.closed());
    // What was read before, while the protocol was found out, comes first.
    socket.on('data', (chunk: Buffer) => this.connection.receive(chunk, performance.now()));
    if (socket.destroyed) this.closed();
  }

  wake(): void {
    if (this.awake) return;
    this.awake = true;
    this.turn.add(this);
  }

  /** Writes what the turn has brought, at once. */
  flush(nowMs: number): void {
    this.awake = false;
    const { socket } = this;
    const filled = this.connection.takeOutput(nowMs);
    if (!socket.destroyed && filled.length > 0) {
      if (filled.length > 1) socket.cork();
      for (const part of filled) {
        this.inFlight.push(part);
        socket.write(part.length === part.buffer.length ? part.buffer : part.buffer.subarray(0, part.length), this.onWritten);
      }
      if (filled.length > 1) socket.uncork();
    }
    if (this.connection.end !== undefined) this.close();
  }

  tick(nowMs: number): void {
    this.connection.tick(nowMs);
  }

  drain(nowMs: number): void {
    this.connection.drain(nowMs);
  }

  destroy(): void {
    this.connection.lost();
    this.socket.destroy();
  }

  private readonly onWritten = (error?: Error | null): void => {
    const part = this.inFlight.shift();
    if (part === undefined || error != null) return;
    this.server.pool.give(part.buffer);
    this.connection.written(part.length, performance.now());
  };

  private close(): void {
    if (this.closing) return;
    this.closing = true;
    if (this.connection.end === 'gone') {
      this.socket.destroy();
      return;
    }
    // Closed at once with bytes unread, the system would throw away what the client has not read of the reason.
    this.socket.end();
    this.closeTimer = setTimeout(() => this.socket.destroy(), CLOSE_TIMEOUT_MS);
  }

  private closed(): void {
    clearTimeout(this.closeTimer);
    this.connection.lost();
    this.onClosed(this);
  }
}
