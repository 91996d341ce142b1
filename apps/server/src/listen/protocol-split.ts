import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { HttpDetector } from '@quorate/wire';

/** A connection that has not said by then which protocol it speaks is closed. */
const FIRST_BYTES_TIMEOUT_MS = 10_000;

/** Takes over a connection that speaks HTTP/2; bytes that were read already are in the socket again. */
export interface Http2Acceptor {
  accept(socket: Socket): void;
}

/** Who takes the connections of either protocol. */
export interface ProtocolDoors {
  readonly http1: HttpServer;
  readonly http2: Http2Acceptor;
}

/**
 * One listening port for both HTTP versions, told apart by ALPN or, without TLS, by the first bytes.
 * @param doors connections that are made before it resolves wait
 */
export function createSplitServer(doors: Promise<ProtocolDoors>, tls: TlsOptions | undefined): Server {
  if (!tls) return createServer({ noDelay: true }, (socket) => whenOpen(doors, socket, split));
  const server = createTlsServer({ ...tls, ALPNProtocols: ['h2', 'http/1.1'] });
  server.on('secureConnection', (socket: TLSSocket) => whenOpen(doors, socket, (_socket, opened) => {
    if (socket.alpnProtocol === 'h2') opened.http2.accept(socket);
    else split(socket, opened);
  }));
  return server;
}

function whenOpen(doors: Promise<ProtocolDoors>, socket: Socket, take: (socket: Socket, doors: ProtocolDoors) => void): void {
  const onError = (): void => { socket.destroy(); };
  socket.on('error', onError);
  doors.then((opened) => {
    socket.off('error', onError);
    if (!socket.destroyed) take(socket, opened);
  }, onError);
}

/** Reads until the first bytes tell, then puts them back and hands the connection over. */
function split(socket: Socket, { http1, http2 }: ProtocolDoors): void {
  const detector = new HttpDetector();
  const seen: Buffer[] = [];
  const onError = (): void => { socket.destroy(); };
  const onTimeout = (): void => { socket.destroy(); };
  const onData = (chunk: Buffer): void => {
    seen.push(chunk);
    const version = detector.push(chunk);
    if (version === undefined) return;
    socket.off('data', onData);
    socket.off('error', onError);
    socket.off('timeout', onTimeout);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(Buffer.concat(seen));
    if (version === 'http2') http2.accept(socket);
    else http1.emit('connection', socket);
    socket.resume();
  };
  socket.setTimeout(FIRST_BYTES_TIMEOUT_MS);
  socket.on('timeout', onTimeout);
  socket.on('error', onError);
  socket.on('data', onData);
}
