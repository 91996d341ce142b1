import type { AutoCompaction } from '@quorate/core';
import { type InitialMember } from '@quorate/runtime';
import { ConfigError } from './config-error';
import { formatGoDuration, parseGoDuration, UINT32_MAX, ValueError } from './go-values';
import { parseInitialCluster } from './initial-cluster';
import { type GrpcKeepAlive, type ListenUrl, type ServerConfig, type TlsFiles } from './server-config';
import { type Settings } from './settings';
import { bindFault, hostFault, hrefs } from './urls';

const ELECTION_MS_MAX = 50_000;
const QUOTA_BYTES_DEFAULT = 2 * 1024 ** 3;
const QUOTA_BYTES_ADVISED = 8 * 1024 ** 3;
const REQUEST_BYTES_ADVISED = 10 * 1024 ** 2;
const BATCH_INTERVAL_MS_DEFAULT = 100;
const WATCH_PROGRESS_MS_DEFAULT = 600_000;
const WATCH_PROGRESS_MS_MIN = 100;
const HOUR_MS = 3_600_000;
const PING_MIN_TIME_MS_UNSET = 300_000;
const PING_INTERVAL_MS_UNSET = 2 * HOUR_MS;
const PING_INTERVAL_MS_MIN = 1000;
const PING_TIMEOUT_MS_UNSET = 20_000;

/** Checks the values of the flags against each other and makes the configuration of them. @throws ConfigError */
export function serverConfigFrom(settings: Settings, warnings: string[], source: 'flags' | 'file'): ServerConfig {
  const log = logSettings(settings);
  const addresses = addressSettings(settings, source);
  const timing = timingSettings(settings);
  const name = settings.string('name');
  const initialClusterText = initialClusterTextOf(settings, name, addresses.initialAdvertisePeerUrls);
  const autoCompaction = autoCompactionOf(settings.string('auto-compaction-mode'), settings.string('auto-compaction-retention'));
  return {
    name,
    dataDir: settings.string('data-dir') === '' || !settings.isSet('data-dir') ? `${name}.etcd` : settings.string('data-dir'),
    walDir: settings.string('wal-dir'),
    ...addresses,
    initialCluster: readableCluster(initialClusterText),
    initialClusterText,
    initialClusterState: settings.string('initial-cluster-state') === 'existing' ? 'existing' : 'new',
    initialClusterToken: settings.string('initial-cluster-token'),
    snapshotCount: settings.number('snapshot-count') || 10_000,
    snapshotCatchUpEntries: settings.number('snapshot-catchup-entries') || 5_000,
    ...timing,
    ...limitSettings(settings, warnings),
    autoCompaction,
    enableGrpcGateway: settings.boolean('enable-grpc-gateway'),
    clientTls: clientTlsOf(settings, [...addresses.listenClientUrls, ...addresses.listenClientHttpUrls], addresses.listenMetricsUrls, warnings),
    cors: settings.strings('cors'),
    hostWhitelist: settings.strings('host-whitelist').length === 0 ? ['*'] : settings.strings('host-whitelist'),
    ...log,
  };
}

function addressSettings(settings: Settings, source: 'flags' | 'file') {
  const listenPeerUrls = settings.urls('listen-peer-urls');
  const listenClientUrls = settings.urls('listen-client-urls');
  const listenClientHttpUrls = settings.urls('listen-client-http-urls');
  const listenMetricsUrls = settings.urls('listen-metrics-urls');
  for (const urls of [listenPeerUrls, listenClientUrls, listenClientHttpUrls, listenMetricsUrls]) refuse(bindFault(urls));
  const peers = settings.urls('initial-advertise-peer-urls');
  const clients = settings.urls('advertise-client-urls');
  refuse(hostFault(peers), (fault) => `--initial-advertise-peer-urls "${hrefs(peers)}" must be "host:port" (${fault})`);
  refuse(hostFault(clients), (fault) => `--advertise-client-urls "${hrefs(clients)}" must be in the format "host:port", "unix:/path/to/socket" or "unixs:/path/to/socket" (${fault})`);
  if (listenClientUrls.length === 0) throw new ConfigError('--listen-client-urls must name at least one URL');
  if (source === 'flags' && settings.isSet('listen-client-urls') && !settings.isSet('advertise-client-urls')) {
    throw new ConfigError('--advertise-client-urls is required when --listen-client-urls is set explicitly');
  }
  const secured = [...listenPeerUrls, ...peers].find(isSecured);
  if (secured) throw new ConfigError(`TLS between peers is not supported yet (${secured.href})`);
  return {
    listenPeerUrls, listenClientUrls, listenClientHttpUrls, listenMetricsUrls,
    initialAdvertisePeerUrls: peers.map(({ href }) => href),
    advertiseClientUrls: clients.map(({ href }) => href),
  };
}

/** The default follows the name, and with another name than the default one also the advertised URLs, as in etcd. */
function initialClusterTextOf(settings: Settings, name: string, peerUrls: readonly string[]): string {
  const untouched = 'default=http://localhost:2380';
  const text = settings.isSet('initial-cluster') ? settings.string('initial-cluster') : untouched;
  return name !== 'default' && text === untouched ? peerUrls.map((url) => `${name || 'default'}=${url}`).join(',') : text;
}

function readableCluster(text: string): readonly InitialMember[] {
  try {
    return parseInitialCluster(text);
  } catch (error) {
    if (error instanceof ValueError) return [];
    throw error;
  }
}

function timingSettings(settings: Settings) {
  const heartbeatMs = settings.number('heartbeat-interval');
  const electionMs = settings.number('election-timeout');
  if (heartbeatMs === 0) throw new ConfigError('--heartbeat-interval must be >0 (set to 0ms)');
  if (electionMs === 0) throw new ConfigError('--election-timeout must be >0 (set to 0ms)');
  if (5 * heartbeatMs > electionMs) {
    throw new ConfigError(`--election-timeout[${electionMs}ms] should be at least as 5 times as --heartbeat-interval[${heartbeatMs}ms]`);
  }
  if (electionMs > ELECTION_MS_MAX) {
    throw new ConfigError(`--election-timeout[${electionMs}ms] is too long, and should be set less than ${ELECTION_MS_MAX}ms`);
  }
  const hashCheckMs = settings.number('compact-hash-check-time');
  if (hashCheckMs <= 0) throw new ConfigError(`--compact-hash-check-time must be >0 (set to ${formatGoDuration(hashCheckMs)})`);
  const batchIntervalMs = settings.number('backend-batch-interval') || BATCH_INTERVAL_MS_DEFAULT;
  if (batchIntervalMs < 0) throw new ConfigError('--backend-batch-interval must not be negative');
  const progressMs = settings.number('watch-progress-notify-interval');
  return {
    heartbeatMs, electionMs, batchIntervalMs,
    watchProgressIntervalMs: progressMs > 0 ? Math.max(progressMs, WATCH_PROGRESS_MS_MIN) : WATCH_PROGRESS_MS_DEFAULT,
  };
}

function limitSettings(settings: Settings, warnings: string[]) {
  const quotaBytes = settings.number('quota-backend-bytes');
  const maxRequestBytes = settings.number('max-request-bytes');
  if (quotaBytes > QUOTA_BYTES_ADVISED) {
    warnings.push(`--quota-backend-bytes ${quotaBytes} exceeds the maximum recommended value ${QUOTA_BYTES_ADVISED}`);
  }
  if (maxRequestBytes > REQUEST_BYTES_ADVISED) {
    warnings.push(`--max-request-bytes ${maxRequestBytes} exceeds the maximum recommended value ${REQUEST_BYTES_ADVISED}`);
  }
  return {
    quotaBytes: quotaBytes === 0 ? QUOTA_BYTES_DEFAULT : quotaBytes,
    maxTxnOps: settings.number('max-txn-ops'),
    maxRequestBytes,
    maxConcurrentStreams: settings.number('max-concurrent-streams') || UINT32_MAX,
    grpcKeepAlive: grpcKeepAliveOf(settings),
  };
}

/** Where etcd sets nothing, grpc-go has defaults of its own; interval and timeout count only together. */
function grpcKeepAliveOf(settings: Settings): GrpcKeepAlive {
  const minTimeMs = settings.number('grpc-keepalive-min-time');
  const intervalMs = settings.number('grpc-keepalive-interval');
  const timeoutMs = settings.number('grpc-keepalive-timeout');
  const isSet = intervalMs > 0 && timeoutMs > 0;
  return {
    minTimeMs: minTimeMs > 0 ? minTimeMs : PING_MIN_TIME_MS_UNSET,
    intervalMs: isSet ? Math.max(intervalMs, PING_INTERVAL_MS_MIN) : PING_INTERVAL_MS_UNSET,
    timeoutMs: isSet ? timeoutMs : PING_TIMEOUT_MS_UNSET,
  };
}

/** @throws ConfigError */
function autoCompactionOf(mode: string, retention: string): AutoCompaction {
  if (mode === '') throw new ConfigError('undefined auto-compaction-mode');
  if (mode !== 'periodic' && mode !== 'revision') throw new ConfigError(`unknown auto-compaction-mode ${JSON.stringify(mode)}`);
  const bare = /^\+?[0-9]+$/.test(retention) ? Number(retention) : undefined;
  if (mode === 'revision') {
    if (bare === undefined) throw new ConfigError(`error parsing CompactionRetention: a number of revisions is needed, not ${JSON.stringify(retention)}`);
    return { mode, retentionRevisions: bare };
  }
  if (bare !== undefined) return { mode, retentionMs: bare * HOUR_MS };
  let retentionMs: number;
  try {
    retentionMs = parseGoDuration(retention);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new ConfigError(`error parsing CompactionRetention: time: invalid duration ${JSON.stringify(retention)}`);
  }
  if (retentionMs < 0) throw new ConfigError(`error parsing CompactionRetention: ${JSON.stringify(retention)} is negative`);
  return { mode, retentionMs };
}

function clientTlsOf(
  settings: Settings, clientUrls: readonly ListenUrl[], metricsUrls: readonly ListenUrl[], warnings: string[],
): TlsFiles | undefined {
  const [certFile, keyFile, trustedCaFile] = [settings.string('cert-file'), settings.string('key-file'), settings.string('trusted-ca-file')];
  const given = certFile !== '' || keyFile !== '';
  const secured = [...clientUrls, ...metricsUrls].find(isSecured);
  if (secured && !given) {
    throw new ConfigError(`TLS key/cert (--cert-file, --key-file) must be provided for client url ${secured.href} with HTTPS scheme`);
  }
  if (secured && (certFile === '' || keyFile === '')) {
    throw new ConfigError(`KeyFile and CertFile must both be present[key: ${keyFile}, cert: ${certFile}]`);
  }
  const certAuth = settings.boolean('client-cert-auth') || trustedCaFile !== '';
  for (const { href } of clientUrls.filter((url) => !isSecured(url))) {
    if (given) warnings.push(`scheme is HTTP while key and cert files are present; ignoring key and cert files (${href})`);
    if (certAuth) warnings.push(`scheme is HTTP while --client-cert-auth is enabled; ignoring client cert auth for this URL (${href})`);
  }
  return secured ? { certFile, keyFile, trustedCaFile, clientCertAuth: certAuth } : undefined;
}

function logSettings(settings: Settings) {
  const logger = settings.string('logger');
  if (logger !== 'zap') throw new ConfigError(`unknown logger option ${JSON.stringify(logger)}`);
  const logFormat = settings.string('log-format');
  if (logFormat !== 'json' && logFormat !== 'console') {
    throw new ConfigError(`unknown log format: ${logFormat}, supported values json, console`);
  }
  const logOutputs = settings.strings('log-outputs');
  if (logOutputs.length > 1 && logOutputs.includes('default')) throw new ConfigError('multi logoutput for "default" is not supported yet');
  if (logOutputs.includes('systemd/journal')) throw new ConfigError('--log-outputs=systemd/journal is not supported; stderr reaches the journal');
  return { logLevel: logLevelOf(settings.string('log-level')), logFormat, logOutputs: logOutputs.length === 0 ? ['default'] : logOutputs } as const;
}

function logLevelOf(text: string): ServerConfig['logLevel'] {
  switch (text) {
    case 'debug': case 'DEBUG': return 'debug';
    case 'info': case 'INFO': case '': return 'info';
    case 'warn': case 'WARN': return 'warn';
    case 'error': case 'ERROR': return 'error';
    case 'dpanic': case 'DPANIC': case 'panic': case 'PANIC': case 'fatal': case 'FATAL': return 'fatal';
    default: throw new ConfigError(`unrecognized level: ${JSON.stringify(text)}`);
  }
}

function isSecured({ scheme }: ListenUrl): boolean {
  return scheme === 'https' || scheme === 'unixs';
}

function refuse(fault: string | undefined, describe: (fault: string) => string = (text) => text): void {
  if (fault !== undefined) throw new ConfigError(describe(fault));
}
