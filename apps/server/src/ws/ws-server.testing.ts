import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Global, type INestApplication, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type CancelTimer, type Clock, type KvApi, PLATFORM_SCHEMAS, WS_CLIENT_FRAME_SCHEMA, WS_SERVER_FRAME_SCHEMA } from '@quorate/api';
import { SystemClock, SystemRandom } from '@quorate/runtime';
import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020';
import { type ClientOptions, WebSocket, type WebSocketServer } from 'ws';
import { type TestMember } from '../gateway/gateway-server.testing';
import { CLOCK, KV_API, LOGGER, RANDOM } from '../member/tokens';
import { PlatformWsAdapter } from './platform-ws-adapter';
import { TopicsModule } from './topics/topics.module';
import { DoorRules, type DoorRulesOptions } from '../rest/door-rules';
import { WsModule, type WsModuleOptions } from './ws.module';

/** A frame as it came. */
export interface ReceivedFrame {
  readonly id: number | null;
  readonly type: string;
  readonly revision?: string;
  readonly [field: string]: unknown;
}

export interface WsServerOptions extends WsModuleOptions {
  readonly rules?: Partial<DoorRulesOptions>;
  /** Stands in front of the member's store. */
  readonly kv?: (kv: KvApi) => KvApi;
  readonly clock?: Clock;
}

class ObservedAdapter extends PlatformWsAdapter {
  constructor(private readonly sockets: Set<WebSocket>, ...parts: ConstructorParameters<typeof PlatformWsAdapter>) {
    super(...parts);
  }

  override create(...parts: Parameters<PlatformWsAdapter['create']>): WebSocketServer {
    return super.create(...parts).on('connection', (socket) => { this.sockets.add(socket); });
  }
}

/** The platform's WebSocket over a real member, on a free port of the loopback. */
export class WsServer {
  private readonly clients: WsClient[] = [];

  private constructor(
    readonly member: TestMember,
    readonly port: number,
    /** The server's ends of all connections, in the order in which they were opened. */
    readonly sockets: ReadonlySet<WebSocket>,
    private readonly app: INestApplication,
    private readonly stopHttp: () => Promise<void>,
  ) {}

  static async start(member: TestMember, options: WsServerOptions = {}): Promise<WsServer> {
    const { kv: wrap = (kv): KvApi => kv, clock = new SystemClock() } = options;
    const providers = [
      { provide: KV_API, useValue: wrap(member.member.replica.kv) }, { provide: CLOCK, useValue: clock },
      { provide: RANDOM, useValue: new SystemRandom() }, { provide: LOGGER, useValue: quiet },
    ];

    @Global()
    @Module({ providers, exports: providers.map(({ provide }) => provide) })
    class MemberModule {}

    const testing = await Test.createTestingModule({ imports: [MemberModule, WsModule.register(options), TopicsModule] }).compile();
    const app = testing.createNestApplication({ logger: false });
    const sockets = new Set<WebSocket>();
    const adapter = new ObservedAdapter(sockets, new DoorRules({ allowedHosts: [], allowedOrigins: [], ...options.rules }), options.limits);
    app.useWebSocketAdapter(adapter);
    await app.init();
    const http = createServer((_request, response) => { response.writeHead(404).end(); });
    http.on('upgrade', (request, socket, head) => {
      if (!adapter.handleUpgrade(request, socket, head)) socket.end('HTTP/1.1 418 Not Mine\r\nConnection: close\r\n\r\n');
    });
    await new Promise<void>((resolve) => { http.listen(0, '127.0.0.1', resolve); });
    const stopHttp = async (): Promise<void> => {
      http.closeAllConnections();
      await new Promise((resolve) => { http.close(resolve); });
    };
    return new WsServer(member, (http.address() as AddressInfo).port, sockets, app, stopHttp);
  }

  get kv(): KvApi {
    return this.member.member.replica.kv;
  }

  get<T>(type: new (...parts: never[]) => T): T {
    return this.app.get<T>(type);
  }

  async connect(options: ClientOptions & { readonly at?: string } = {}): Promise<WsClient> {
    const { at = '/ws/v1', ...rest } = options;
    const client = new WsClient(new WebSocket(`ws://127.0.0.1:${this.port}${at}`, rest));
    this.clients.push(client);
    await client.opened;
    return client;
  }

  /** Resolves at the next pong of any client. */
  nextPong(): Promise<void> {
    return new Promise((resolve) => { for (const socket of this.sockets) socket.once('pong', () => { resolve(); }); });
  }

  /** Resolves when the condition holds, looked at once per turn. */
  async settled(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => { setImmediate(resolve); });
  }

  async stopApp(): Promise<void> {
    await this.app.close();
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.socket.terminate();
    await this.app.close();
    await this.stopHttp();
  }
}

const silent = (): void => undefined;
const quiet = { debug: silent, info: silent, warn: silent, error: silent };

/** What frames are by the published schemas. */
export const { isClientFrame, isServerFrame } = compiledSchemas();

function compiledSchemas(): { readonly isClientFrame: ValidateFunction; readonly isServerFrame: ValidateFunction } {
  const ajv = new Ajv2020({ strict: false, schemas: [closed(PLATFORM_SCHEMAS) as object] });
  addFormats.default(ajv);
  return { isClientFrame: ajv.compile(WS_CLIENT_FRAME_SCHEMA), isServerFrame: ajv.compile(closed(WS_SERVER_FRAME_SCHEMA) as object) };
}

/** Frames may gain fields for clients, but not behind the back of the published schemas. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in copy && copy['type'] === 'object' ? { additionalProperties: false, ...copy } : copy;
}

/** Holds a frame to the published schema. */
function assertFrame(check: ValidateFunction, frame: unknown): void {
  if (!check(frame)) throw new Error(`no frame by its schema: ${JSON.stringify(frame)} ${JSON.stringify(check.errors)}`);
}

export interface ReceivedChange {
  readonly op: string;
  readonly key: Readonly<Record<string, unknown>>;
  readonly value?: Readonly<Record<string, unknown>>;
  readonly revision: string;
}

/** A raw client: sends what it is told, and hands frames out in the order in which they came. Every frame is held to its schema. */
export class WsClient {
  readonly opened: Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly received: ReceivedFrame[] = [];
  private taken = 0;
  private fault: Error | undefined;
  private wake: () => void = () => undefined;

  constructor(readonly socket: WebSocket) {
    this.opened = new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.wake();
      });
    });
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ReceivedFrame;
      if (isServerFrame(frame)) this.received.push(frame);
      else this.fault = new Error(`no frame by its schema: ${data.toString()} ${JSON.stringify(isServerFrame.errors)}`);
      this.wake();
    });
  }

  send(frame: unknown): void {
    assertFrame(isClientFrame, frame);
    this.socket.send(JSON.stringify(frame));
  }

  /** Sends what is no frame by its schema, and takes the answer. */
  async sendBad(frame: unknown): Promise<ReceivedFrame> {
    if (isClientFrame(frame)) throw new Error(`the schema takes ${JSON.stringify(frame)}`);
    return this.sendRaw(JSON.stringify(frame));
  }

  async sendRaw(data: string | Buffer): Promise<ReceivedFrame> {
    this.socket.send(data);
    return this.next();
  }

  /** The next frame, in the order of arrival. */
  async next(): Promise<ReceivedFrame> {
    while (this.taken === this.received.length) {
      if (this.fault) throw this.fault;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('the socket is closed');
      await new Promise<void>((resolve) => { this.wake = resolve; });
    }
    return this.received[this.taken++] as ReceivedFrame;
  }

  /** Sends a frame and takes the next one, its answer. */
  async ask(frame: Readonly<Record<string, unknown>>): Promise<ReceivedFrame> {
    this.send(frame);
    return this.next();
  }

  /** Subscribes, and takes the first frame behind the answer. */
  async subscribe(frame: Readonly<Record<string, unknown>>): Promise<ReceivedFrame> {
    const answer = await this.ask({ op: 'subscribe', ...frame });
    if (answer.type !== 'ok') throw new Error(`refused: ${JSON.stringify(answer)}`);
    return this.next();
  }

  /** Takes change frames of a subscription until `enough`; nothing else may come. */
  async changesUntil(id: number, enough: (changes: readonly ReceivedChange[]) => boolean): Promise<ReceivedChange[]> {
    const changes: ReceivedChange[] = [];
    while (!enough(changes)) {
      const frame = await this.next();
      if (frame.id !== id || frame.type !== 'change') throw new Error(`expected a change and got ${JSON.stringify(frame)}`);
      changes.push(...(frame['changes'] as ReceivedChange[]));
    }
    return changes;
  }

  changes(id: number, count: number): Promise<ReceivedChange[]> {
    return this.changesUntil(id, (changes) => changes.length >= count);
  }
}

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  private nowMs = 1000;
  private readonly timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>();

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): CancelTimer {
    const timer = { dueMs: this.nowMs + delayMs, callback };
    this.timers.add(timer);
    return () => { this.timers.delete(timer); };
  }

  advance(byMs: number): void {
    const untilMs = this.nowMs + byMs;
    for (;;) {
      const [next] = [...this.timers].filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs);
      if (!next) break;
      this.timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.callback();
    }
    this.nowMs = untilMs;
  }
}
