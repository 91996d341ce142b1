import type { AutoCompaction } from '@quorate/core';
import type { InitialMember } from '@quorate/runtime';

/** What the flags, the environment or the config file of `quorate serve` say, checked and with etcd's defaults filled in. */
export interface ServerConfig {
  readonly name: string;
  readonly dataDir: string;
  /** Empty: below the data directory. */
  readonly walDir: string;
  readonly listenClientUrls: readonly ListenUrl[];
  /** Set: HTTP/1.1 has listeners of its own and the client URLs carry gRPC only. */
  readonly listenClientHttpUrls: readonly ListenUrl[];
  readonly listenPeerUrls: readonly ListenUrl[];
  readonly listenMetricsUrls: readonly ListenUrl[];
  readonly advertiseClientUrls: readonly string[];
  readonly initialAdvertisePeerUrls: readonly string[];
  /** The members of a new cluster; empty when `initialClusterText` cannot be read, which matters only without data. */
  readonly initialCluster: readonly InitialMember[];
  /** `--initial-cluster` as given, for {@link bootstrapFault}. */
  readonly initialClusterText: string;
  readonly initialClusterState: 'new' | 'existing';
  readonly initialClusterToken: string;
  readonly snapshotCount: number;
  readonly snapshotCatchUpEntries: number;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  /** Negative: no quota. */
  readonly quotaBytes: number;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  readonly maxConcurrentStreams: number;
  readonly grpcKeepAlive: GrpcKeepAlive;
  readonly batchIntervalMs: number;
  readonly autoCompaction: AutoCompaction;
  readonly watchProgressIntervalMs: number;
  readonly enableGrpcGateway: boolean;
  readonly clientTls: TlsFiles | undefined;
  /** Allowed origins; `*` is any. */
  readonly cors: readonly string[];
  /** Allowed `Host` names on plaintext; `*` is any. */
  readonly hostWhitelist: readonly string[];
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly logFormat: 'json' | 'console';
  readonly logOutputs: readonly string[];
}

/** Pings on gRPC connections, milliseconds. */
export interface GrpcKeepAlive {
  /** Shortest time between two pings of a client. */
  readonly minTimeMs: number;
  /** Silence after which a client is pinged. */
  readonly intervalMs: number;
  /** How long it may take to answer. */
  readonly timeoutMs: number;
}

/** One address to listen on. `localhost` stands for 127.0.0.1 and ::1, where they exist. */
export interface ListenUrl {
  readonly href: string;
  readonly scheme: 'http' | 'https' | 'unix' | 'unixs';
  /** Empty for all interfaces; unused for unix sockets. */
  readonly host: string;
  readonly port: number;
  /** Of unix sockets. */
  readonly path: string;
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly trustedCaFile: string;
  /** Accept only clients with a valid certificate; always so where there is a CA, as in etcd. */
  readonly clientCertAuth: boolean;
}
