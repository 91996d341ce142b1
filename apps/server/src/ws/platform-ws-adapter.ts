import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WsAdapter } from '@nestjs/platform-ws';
import type { MessageMappingProperties } from '@nestjs/websockets';
import { PlatformError } from '@quorate/api';
import type { Observable } from 'rxjs';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { DoorRules } from '../rest/door-rules';
import { FrameReader } from './frame-reader';
import { DEFAULT_WS_LIMITS, type WsLimits } from './ws-limits';

const CLOSE_GOING_AWAY = 1001;
/** How long clients have to answer the goodbye of a server that stops. */
const GOODBYE_MS = 500;

/**
 * Brings Nest's gateways to WebSockets whose frames name their op: `{"id":1,"op":…}`. It listens nowhere by itself: the
 * owner of the port hands it upgrades, and those on other paths are left to whoever comes next.
 */
export class PlatformWsAdapter extends WsAdapter {
  private readonly servers = new Map<string, WebSocketServer>();
  private readonly limits: WsLimits;

  /** @param rules who may open sockets */
  constructor(private readonly rules: DoorRules, limits: Partial<WsLimits> = {}) {
    super();
    this.limits = { ...DEFAULT_WS_LIMITS, ...limits };
  }

  /** False: no gateway has this path, and the socket is untouched. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const server = this.servers.get((request.url ?? '').split('?', 1)[0] as string);
    if (!server) return false;
    const refusal = this.refusalOf(request);
    if (refusal) answerRefused(socket, refusal);
    else server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request));
    return true;
  }

  override create(_port: number, { path = '/' }: { readonly path?: string } = {}): WebSocketServer {
    const server = new WebSocketServer({ noServer: true, maxPayload: this.limits.payloadBytesMax, perMessageDeflate: false, clientTracking: true });
    this.servers.set(path, server);
    return server;
  }

  override bindMessageHandlers(client: WebSocket, handlers: MessageMappingProperties[], transform: (result: unknown) => Observable<unknown>): void {
    const reader = new FrameReader(client, handlers, transform, this.limits);
    client.on('message', (data: RawData, isBinary: boolean) => reader.receive(data, isBinary));
  }

  /** Says goodbye, and breaks what does not answer. */
  override async close(server: WebSocketServer): Promise<void> {
    const open = [...server.clients];
    const gone = Promise.all(open.map((client) => new Promise((resolve) => { client.once('close', resolve); })));
    for (const client of open) client.close(CLOSE_GOING_AWAY);
    const timer = setTimeout(() => { for (const client of open) client.terminate(); }, GOODBYE_MS);
    await gone;
    clearTimeout(timer);
    await new Promise((resolve) => { server.close(resolve); });
  }

  private refusalOf(request: IncomingMessage): PlatformError | undefined {
    try {
      this.rules.check(request);
    } catch (error) {
      if (error instanceof PlatformError) return error;
      throw error;
    }
    const { url = '' } = request;
    if (!url.includes('?') || url.endsWith('?')) return undefined;
    return new PlatformError('field_unknown', 'the WebSocket takes no query; a token travels in a header or in the auth frame');
  }

  override async dispose(): Promise<void> {
    this.servers.clear();
    await super.dispose();
  }
}

function answerRefused(socket: Duplex, error: PlatformError): void {
  const body = JSON.stringify(error.body);
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\nConnection: close\r\n`
    + `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
