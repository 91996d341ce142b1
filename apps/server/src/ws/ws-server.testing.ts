import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Global, type INestApplication, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type Clock, type KvApi } from '@quorate/api';
import { SystemClock, SystemRandom } from '@quorate/runtime';
import { WebSocket } from 'ws';
import { type TestMember, startTestMember } from '../gateway/gateway-server.testing';
import { CLOCK, KV_API, LOGGER, RANDOM } from '../member/tokens';
import { PlatformWsAdapter } from './platform-ws-adapter';
import { TopicsModule } from './topics/topics.module';
import type { UpgradeCheckOptions } from './upgrade-check';
import { WsModule, type WsModuleOptions } from './ws.module';

/** A frame as it came. */
export interface ReceivedFrame {
  readonly id: number | null;
  readonly type: string;
  readonly revision?: string;
  readonly [field: string]: unknown;
}

export interface WsServerOptions extends WsModuleOptions {
  readonly check?: UpgradeCheckOptions;
  /** Stands in front of the member's store. */
  readonly kv?: (kv: KvApi) => KvApi;
  readonly clock?: Clock;
  /** Told every frame that any client receives or sends. */
  readonly onFrame?: (direction: 'sent' | 'received', frame: unknown) => void;
}

/** The platform's WebSocket over a real member, on a free port of the loopback. */
export class WsServer {
  private readonly clients: WsClient[] = [];

  private constructor(
    readonly member: TestMember, readonly port: number, private readonly app: INestApplication, private readonly stopHttp: () => Promise<void>,
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
    const adapter = new PlatformWsAdapter(options.check, options.limits);
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
    return new WsServer(member, (http.address() as AddressInfo).port, app, stopHttp);
  }

  get kv(): KvApi {
    return this.member.member.replica.kv;
  }

  get<T>(type: new (...parts: never[]) => T): T {
    return this.app.get<T>(type);
  }

  async connect(options: ConstructorParameters<typeof WebSocket>[2] & { readonly path?: string } = {}): Promise<WsClient> {
    const { path = '/ws/v1', ...rest } = options;
    const client = new WsClient(new WebSocket(`ws://127.0.0.1:${this.port}${path}`, rest));
    this.clients.push(client);
    await client.opened;
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.socket.terminate();
    await this.app.close();
    await this.stopHttp();
  }
}

const silent = (): void => undefined;
const quiet = { debug: silent, info: silent, warn: silent, error: silent };

/** A raw client: sends what it is told, and hands frames out in the order in which they came. */
export class WsClient {
  readonly opened: Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly received: ReceivedFrame[] = [];
  private taken = 0;
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
      this.received.push(JSON.parse(data.toString()) as ReceivedFrame);
      this.wake();
    });
  }

  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame, in the order of arrival. */
  async next(): Promise<ReceivedFrame> {
    while (this.taken === this.received.length) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('the socket is closed');
      await new Promise<void>((resolve) => { this.wake = resolve; });
    }
    return this.received[this.taken++] as ReceivedFrame;
  }

  /** Sends a frame and takes frames until its answer has come; what else came is handed back before it. */
  async ask(frame: { readonly id: number }): Promise<ReceivedFrame> {
    this.send(frame);
    for (;;) {
      const answer = await this.next();
      if (answer.id === frame.id) return answer;
    }
  }

  /** Takes frames until `count` changes of a subscription have come. */
  async changes(id: number, count: number): Promise<{ readonly op: string; readonly key: unknown; readonly value?: unknown; readonly revision: string }[]> {
    const changes: { readonly op: string; readonly key: unknown; readonly value?: unknown; readonly revision: string }[] = [];
    while (changes.length < count) {
      const frame = await this.next();
      if (frame.id !== id) continue;
      if (frame.type !== 'change') throw new Error(`expected a change and got ${JSON.stringify(frame)}`);
      changes.push(...(frame['changes'] as typeof changes));
    }
    return changes;
  }
}
