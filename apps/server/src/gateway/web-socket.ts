import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GrpcCode } from '@quorate/api';
import { gatewayErrorBody, gatewayStreamError, gatewayStreamResult, type GrpcStatus } from '@quorate/wire';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { ServedMethod, ServedStream, ServedUnary } from '../etcd/method';
import { GatewayStream, type StreamCarrier } from './gateway-stream';
import { DEADLINE_STATUS, HttpCall } from './http-call';
import { pathOf } from './http-handler';
import { gatewayLimitsOf, type GatewayLimits, type GatewayOptions } from './limits';
import { GatewayRoutes, isGatewayPath } from './routes';
import { runUnary, statusOf } from './unary-call';

/** Bytes that may wait in a socket before its stream is told to hold back, and where it goes on. */
const BUFFERED_BYTES_HIGH = 256 * 1024;
const BUFFERED_BYTES_LOW = 64 * 1024;

const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;
const LINE_FEED = Buffer.from('\n');

/** The gateway over WebSocket: as etcd has it, every path takes the upgrade, and errors come as frames. */
export interface GatewayUpgrade {
  /** False: the path is not the gateway's, and the socket is untouched. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Says goodbye to all of them. */
  close(): void;
}

/**
 * `/v3/…` over WebSocket: each text frame to the server is one JSON message, each one from it one line of what HTTP would
 * answer. The verb of the upgrade does not count. A token comes as the subprotocol `Bearer, <token>`, since browsers
 * cannot set headers.
 */
export function createGatewayUpgrade(methods: readonly ServedMethod[], options: GatewayOptions): GatewayUpgrade {
  const routes = new GatewayRoutes(methods);
  const limits = gatewayLimitsOf(options);
  const server = new WebSocketServer({
    noServer: true, maxPayload: limits.bodyBytesMax, perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has('Bearer') ? 'Bearer' : false),
  });
  return {
    handleUpgrade(request, socket, head) {
      const path = pathOf(request);
      if (!isGatewayPath(path)) return false;
      server.handleUpgrade(request, socket, head, (webSocket) => {
        // The library closes a socket that breaks the protocol by itself.
        webSocket.on('error', () => undefined);
        const route = routes.find('POST', path);
        if (route.type === 'refused') return finish(webSocket, gatewayErrorBody(route.status));
        const call = new HttpCall(request, request.headers.authorization ?? tokenOf(request));
        webSocket.on('close', () => call.cancel());
        if (route.served.kind === 'unary') serveUnary(route.served, webSocket, call);
        else serveStream(route.served, webSocket, call, limits);
      });
      return true;
    },
    close() {
      for (const webSocket of server.clients) webSocket.close(CLOSE_GOING_AWAY);
    },
  };
}

function tokenOf(request: IncomingMessage): string | undefined {
  const [scheme, token] = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((part) => part.trim());
  return scheme === 'Bearer' && token !== undefined && token !== '' ? `Bearer ${token}` : undefined;
}

function finish(webSocket: WebSocket, text: string): void {
  webSocket.send(text);
  webSocket.close(CLOSE_NORMAL);
}

/** The first frame is the request; nothing else is looked at. */
function serveUnary(served: ServedUnary, webSocket: WebSocket, call: HttpCall): void {
  const answer = (text: string): void => {
    if (call.isOver) return;
    call.finish();
    finish(webSocket, text);
  };
  call.startDeadline(() => finish(webSocket, gatewayErrorBody(DEADLINE_STATUS)));
  webSocket.once('message', (data: RawData) => {
    runUnary(served, bytesOf(data), call).then(answer, (error: unknown) => answer(gatewayErrorBody(statusOf(error))));
  });
}

function serveStream(served: ServedStream, webSocket: WebSocket, call: HttpCall, limits: GatewayLimits): void {
  const carrier = new FramesCarrier(webSocket);
  const stream = new GatewayStream(served, call, carrier, limits.bodyBytesMax);
  carrier.onDrain = (): void => stream.drained();
  call.startDeadline(() => carrier.end(DEADLINE_STATUS));
  served.open(stream);
  webSocket.on('message', (data: RawData) => {
    stream.receive(bytesOf(data));
    stream.receive(LINE_FEED);
  });
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

class FramesCarrier implements StreamCarrier {
  onDrain: () => void = () => undefined;
  private full = false;

  constructor(private readonly webSocket: WebSocket) {}

  sendMessage(json: string): boolean {
    this.webSocket.send(gatewayStreamResult(json).trimEnd(), () => this.sent());
    if (this.webSocket.bufferedAmount > BUFFERED_BYTES_HIGH) this.full = true;
    return !this.full;
  }

  end(status: GrpcStatus): void {
    if (status.code === GrpcCode.OK) this.webSocket.close(CLOSE_NORMAL);
    else finish(this.webSocket, gatewayStreamError(status).trimEnd());
  }

  refuse(status: GrpcStatus): void {
    finish(this.webSocket, gatewayStreamError(status).trimEnd());
  }

  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    this.webSocket.resume();
  }

  private sent(): void {
    if (!this.full || this.webSocket.bufferedAmount > BUFFERED_BYTES_LOW) return;
    this.full = false;
    this.onDrain();
  }
}
