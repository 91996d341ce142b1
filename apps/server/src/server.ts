import type { Server as HttpServer } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { GRPC_OVERHEAD_BYTES, type Clock, type Random } from '@quorate/api';
import type { Logger } from '@quorate/core';
import { Http2Carrier, type MemberOptions, type RunningMember, startMember, SystemClock, SystemRandom } from '@quorate/runtime';
import { bootstrapFault } from './config/bootstrap-fault';
import type { ListenUrl, ServerConfig } from './config/server-config';
import { ETCD_API_VERSION, QUORATE_VERSION } from './config/version';
import { authMethods } from './etcd/auth.methods';
import { healthMethods } from './etcd/health.methods';
import { kvMethods } from './etcd/kv.methods';
import { leaseMethods } from './etcd/lease.methods';
import { clusterMethods, maintenanceMethods } from './etcd/maintenance.methods';
import { grpcHandlersOf, type ServedMethod } from './etcd/method';
import { watchMethods } from './etcd/watch.methods';
import { closeListeners, listen, type Listener } from './listen/listeners';
import { createPeerDoor } from './listen/peer-door';
import { createSplitServer, type ProtocolDoors } from './listen/protocol-split';
import { tlsOptionsOf } from './listen/tls-options';
import { instrument, instrumentMethods } from './ops/instrument';
import { addHttp2Metrics } from './ops/http2-metrics';
import { createMetrics } from './ops/member-metrics';
import { createMetricsServer } from './ops/ops-handler';
import { WebApp } from './web-app';

/** Applied effects that may wait for the store before writes are refused. */
const PENDING_BYTES_MAX = 256 * 1024 * 1024;
/** How long calls under way may go on after a signal to stop. */
const DRAIN_MS = 500;

/** One member with all its doors open. */
export class Server {
  private constructor(
    private readonly member: RunningMember,
    private readonly ports: Ports,
    private readonly carrier: Http2Carrier,
    private readonly web: WebApp,
  ) {}

  /**
   * Takes the ports, brings the member up, and opens the doors.
   * @throws ListenError, StartError and the errors of `startMember`, each with one line that says what is wrong
   */
  static async start(config: ServerConfig, logger: Logger, onFailure: (error: Error) => void): Promise<Server> {
    const clock = new SystemClock();
    const random = new SystemRandom();
    const doors = deferred<Doors>();
    const ports = await takePorts(config, doors.promise);
    try {
      const member = await startMember(memberOptionsOf(config, logger, onFailure));
      const metrics = createMetrics(member.replica, { apiVersion: ETCD_API_VERSION, productVersion: QUORATE_VERSION });
      const methods = methodsOf(member, config, clock, random);
      const carrier = new Http2Carrier({
        handlers: instrument(grpcHandlersOf(methods), metrics), receiveBytesMax: config.maxRequestBytes + GRPC_OVERHEAD_BYTES,
        limits: {
          maxConcurrentStreams: config.maxConcurrentStreams, clientPingIntervalMinMs: config.grpcKeepAlive.minTimeMs,
          keepAliveIntervalMs: config.grpcKeepAlive.intervalMs, keepAliveTimeoutMs: config.grpcKeepAlive.timeoutMs,
        },
      });
      addHttp2Metrics(metrics, carrier.counters);
      const ops = { replica: member.replica, metrics, apiVersion: ETCD_API_VERSION };
      const web = await WebApp.start({ config, member, methods: instrumentMethods(methods, metrics), clock, random, logger, ops });
      doors.resolve({ http1: web.httpServer, http2: carrier, member, metricsServer: createMetricsServer(ops) });
      tellAddresses(ports, logger);
      return new Server(member, ports, carrier, web);
    } catch (error) {
      doors.reject(error);
      closeListeners([...ports.client, ...ports.other]);
      throw error;
    }
  }

  /** Where clients may connect. */
  get clientAddresses(): readonly string[] {
    return this.ports.client.flatMap(({ addresses }) => addresses);
  }

  /** Takes no new calls, ends the watches, lets the rest finish for a moment, and closes the store. */
  async stop(): Promise<void> {
    closeListeners([...this.ports.client, ...this.ports.other]);
    this.carrier.close();
    this.member.replica.hub.stop('etcdserver: server stopped');
    await Promise.race([this.web.stop(), new Promise((resolve) => { setTimeout(resolve, DRAIN_MS).unref(); })]);
    this.carrier.destroy();
    this.web.destroy();
    await this.member.stop();
  }
}

/** Everything that connections are handed to once the member is up. */
interface Doors extends ProtocolDoors {
  readonly member: RunningMember;
  readonly metricsServer: HttpServer;
}

interface Ports {
  readonly client: readonly Listener[];
  /** Of peers and of metrics. */
  readonly other: readonly Listener[];
}

async function takePorts(config: ServerConfig, doors: Promise<Doors>): Promise<Ports> {
  // Nobody may be connected yet when starting fails.
  doors.catch(() => undefined);
  const tls = config.clientTls ? tlsOptionsOf(config.clientTls) : undefined;
  const client: Listener[] = [];
  const other: Listener[] = [];
  const peerDoor = (): NetServer => createPeerDoor({
    maintenance: doors.then(({ member }) => member.replica.maintenance), version: ETCD_API_VERSION,
  });
  const metricsPort = (): NetServer => createSplitServer(doors.then(({ metricsServer, http2 }) => ({ http1: metricsServer, http2 })), undefined);
  try {
    for (const url of config.listenPeerUrls) other.push(await listen(url, peerDoor));
    for (const url of config.listenClientUrls) {
      client.push(await listen(url, () => createSplitServer(doors, isSecure(url) ? tls : undefined)));
    }
    for (const url of config.listenClientHttpUrls) {
      client.push(await listen(url, () => createSplitServer(doors, isSecure(url) ? tls : undefined)));
    }
    for (const url of config.listenMetricsUrls) other.push(await listen(url, metricsPort));
  } catch (error) {
    closeListeners([...client, ...other]);
    throw error;
  }
  return { client, other };
}

function isSecure(url: ListenUrl): boolean {
  return url.scheme === 'https' || url.scheme === 'unixs';
}

function memberOptionsOf(config: ServerConfig, logger: Logger, onFailure: (error: Error) => void): MemberOptions {
  return {
    name: config.name, dataDir: config.dataDir, walDir: config.walDir,
    peerUrls: config.initialAdvertisePeerUrls, clientUrls: config.advertiseClientUrls,
    initialCluster: config.initialCluster, initialClusterToken: config.initialClusterToken,
    heartbeatMs: config.heartbeatMs, electionMs: config.electionMs,
    snapshotCount: config.snapshotCount, snapshotCatchUpEntries: config.snapshotCatchUpEntries,
    quotaBytes: config.quotaBytes, maxRequestBytes: config.maxRequestBytes, maxTxnOps: config.maxTxnOps,
    batchIntervalMs: config.batchIntervalMs, pendingBytesMax: PENDING_BYTES_MAX, autoCompaction: config.autoCompaction,
    version: ETCD_API_VERSION, logger, onFailure, bootstrapFault: () => bootstrapFault(config),
  };
}

function methodsOf(member: RunningMember, config: ServerConfig, clock: Clock, random: Random): ServedMethod[] {
  const { kv, maintenance } = member.replica;
  return [
    ...kvMethods(kv),
    ...watchMethods({
      kv, clock, random, header: () => maintenance.header(), progressIntervalMs: config.watchProgressIntervalMs,
      fragmentBytesMax: config.maxRequestBytes + GRPC_OVERHEAD_BYTES,
    }),
    ...leaseMethods(kv),
    ...maintenanceMethods(kv, maintenance),
    ...clusterMethods(maintenance),
    ...authMethods(maintenance),
    ...healthMethods(),
  ];
}

function tellAddresses({ client }: Ports, logger: Logger): void {
  logger.info('ready to serve client requests');
  for (const { url, addresses } of client) {
    for (const address of addresses) logger.info(`serving client traffic ${isSecure(url) ? 'securely' : 'insecurely'}`, { address });
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => { resolve = onResolve; reject = onReject; });
  return { promise, resolve, reject };
}
