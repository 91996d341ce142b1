import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { GRPC_OVERHEAD_BYTES, MAX_REQUEST_BYTES, MAX_TXN_OPS } from '@quorate/api';
import { type RunningMember, startMember, SystemClock, SystemRandom } from '@quorate/runtime';
import { services } from '@quorate/wire';
import { ETCD_API_VERSION } from '../config/version';
import { authMethods } from '../etcd/auth.methods';
import { kvMethods } from '../etcd/kv.methods';
import { leaseMethods } from '../etcd/lease.methods';
import { clusterMethods, maintenanceMethods } from '../etcd/maintenance.methods';
import { type ServedMethod, streaming } from '../etcd/method';
import { WatchStream } from '../etcd/watch-stream';
import { createGateway } from './gateway';
import type { HttpHandler } from './http-handler';
import { guardConnections, HTTP_SERVER_OPTIONS, type HttpDeadlines } from './http-server';
import { createGatewayUpgrade } from './web-socket';

/** A member in a directory of its own, and its methods. */
export interface TestMember {
  readonly member: RunningMember;
  readonly methods: readonly ServedMethod[];
  stop(): Promise<void>;
}

export async function startTestMember(): Promise<TestMember> {
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'quorate-gateway-'));
  const member = await startMember({
    name: 'default', peerUrls: [], clientUrls: ['http://localhost:2379'], heartbeatMs: 100, electionMs: 1000, snapshotCount: 10_000,
    snapshotCatchUpEntries: 5000, quotaBytes: 2 ** 31, maxRequestBytes: MAX_REQUEST_BYTES, maxTxnOps: MAX_TXN_OPS, batchIntervalMs: 100,
    pendingBytesMax: 2 ** 28, autoCompaction: { mode: 'revision', retentionRevisions: 0 }, version: ETCD_API_VERSION, dataDir, walDir: '',
    initialCluster: [{ name: 'default', peerUrls: ['http://localhost:2380'] }], initialClusterToken: 'etcd-cluster',
    bootstrapFault: async () => undefined,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    onFailure: (error) => { throw error; },
  });
  return {
    member,
    methods: methodsOf(member),
    stop: async () => {
      await member.stop();
      await fs.rm(dataDir, { recursive: true, force: true });
    },
  };
}

const silent = (): void => undefined;

function methodsOf({ replica }: RunningMember): ServedMethod[] {
  const watchOptions = {
    kv: replica.kv, clock: new SystemClock(), random: new SystemRandom(), header: () => replica.header(),
    progressIntervalMs: 600_000, fragmentBytesMax: MAX_REQUEST_BYTES + GRPC_OVERHEAD_BYTES,
  };
  return [
    ...kvMethods(replica.kv), ...leaseMethods(replica.kv), ...maintenanceMethods(replica.kv, replica.maintenance),
    ...clusterMethods(replica.maintenance), ...authMethods(replica.maintenance),
    streaming(services.Watch.Watch, (stream) => { new WatchStream(stream, watchOptions); }),
  ];
}

/** An HTTP server on a free port of the loopback. */
export interface TestServer {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

export async function serveHandlers(handlers: readonly HttpHandler[], upgrade?: (server: http.Server) => void, deadlines?: HttpDeadlines): Promise<TestServer> {
  const server = http.createServer(HTTP_SERVER_OPTIONS, (request, response) => {
    const run = (at: number): void => {
      const handler = handlers[at];
      if (handler) handler(request, response, () => run(at + 1));
      else response.writeHead(404).end('not handled');
    };
    run(0);
  });
  guardConnections(server, deadlines);
  upgrade?.(server);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}

/** The gateway, WebSocket upgrades included. */
export function serveGateway(methods: readonly ServedMethod[], bodyIdleMs?: number): Promise<TestServer> {
  const options = { receiveBytesMax: MAX_REQUEST_BYTES + GRPC_OVERHEAD_BYTES, bodyIdleMs };
  const { handleUpgrade } = createGatewayUpgrade(methods, options);
  return serveHandlers([createGateway(methods, options)], (server) => {
    server.on('upgrade', (request, socket, head) => {
      if (!handleUpgrade(request, socket, head)) socket.destroy();
    });
  });
}

export interface TextAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One request, with its whole answer. */
export function ask(url: string, body?: string, options: http.RequestOptions = {}): Promise<TextAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: body === undefined ? 'GET' : 'POST', ...options }, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }), reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** An answer that goes on, line by line, over a request that may go on too. */
export class LineStream {
  private readonly lines: string[] = [];
  private rest = '';
  private ended = false;
  private wake: (() => void) | undefined;

  private constructor(readonly request: http.ClientRequest, readonly response: http.IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (piece: string) => {
      const parts = (this.rest + piece).split('\n');
      this.rest = parts.pop() ?? '';
      this.lines.push(...parts);
      this.wake?.();
    });
    response.on('error', () => undefined);
    response.on('close', () => {
      this.ended = true;
      this.wake?.();
    });
  }

  /** Sends `body`, and ends the request unless it is to stay open. */
  static open(url: string, body: string, stayOpen = false): Promise<LineStream> {
    return new Promise((resolve, reject) => {
      const request = http.request(url, { method: 'POST' }, (response) => resolve(new LineStream(request, response)));
      request.on('error', reject);
      request.write(body);
      if (!stayOpen) request.end();
    });
  }

  /** The next line as JSON; `undefined` at the end. */
  async next(): Promise<Record<string, unknown> | undefined> {
    while (this.lines.length === 0 && !this.ended) await new Promise<void>((resolve) => { this.wake = resolve; });
    const line = this.lines.shift();
    return line === undefined ? undefined : JSON.parse(line) as Record<string, unknown>;
  }

  close(): void {
    this.request.destroy();
  }
}
