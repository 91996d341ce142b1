import { parseServerConfig } from './parse-server-config';
import { type ServerConfig } from './server-config';

function configOf(args: readonly string[], environment: NodeJS.ProcessEnv = {}): ServerConfig {
  const parsed = parseServerConfig(args, environment);
  if (parsed.kind !== 'run') throw new Error(`expected a configuration: ${JSON.stringify(parsed)}`);
  return parsed.config;
}

describe('parseServerConfig', () => {
  it('gives etcd’s defaults when nothing is said', () => {
    expect(configOf([])).toEqual({
      name: 'default',
      dataDir: 'default.etcd',
      walDir: '',
      listenClientUrls: [{ href: 'http://localhost:2379', scheme: 'http', host: 'localhost', port: 2379, path: '' }],
      listenClientHttpUrls: [],
      listenPeerUrls: [{ href: 'http://localhost:2380', scheme: 'http', host: 'localhost', port: 2380, path: '' }],
      listenMetricsUrls: [],
      advertiseClientUrls: ['http://localhost:2379'],
      initialAdvertisePeerUrls: ['http://localhost:2380'],
      initialCluster: [{ name: 'default', peerUrls: ['http://localhost:2380'] }],
      initialClusterText: 'default=http://localhost:2380',
      initialClusterState: 'new',
      initialClusterToken: 'etcd-cluster',
      snapshotCount: 10_000,
      snapshotCatchUpEntries: 5_000,
      heartbeatMs: 100,
      electionMs: 1_000,
      quotaBytes: 2_147_483_648,
      maxTxnOps: 128,
      maxRequestBytes: 1_572_864,
      maxConcurrentStreams: 4_294_967_295,
      batchIntervalMs: 100,
      autoCompaction: { mode: 'periodic', retentionMs: 0 },
      watchProgressIntervalMs: 600_000,
      enableGrpcGateway: true,
      clientTls: undefined,
      cors: ['*'],
      hostWhitelist: ['*'],
      logLevel: 'info',
      logFormat: 'json',
      logOutputs: ['default'],
    });
  });
});
