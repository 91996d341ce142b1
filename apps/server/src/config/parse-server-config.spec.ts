import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { flagTable } from './flag-table';
import { parseServerConfig } from './parse-server-config';
import { type ServerConfig } from './server-config';

const folder = mkdtempSync(path.join(os.tmpdir(), 'quorate-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The path of a configuration file with these lines. */
function fileOf(...lines: readonly string[]): string {
  const file = path.join(mkdtempSync(path.join(folder, 'x-')), 'etcd.yaml');
  writeFileSync(file, lines.join('\n'));
  return file;
}

function warningsOf(args: readonly string[], environment: NodeJS.ProcessEnv = {}): readonly string[] {
  const parsed = parseServerConfig(args, environment);
  if (parsed.kind !== 'run') throw new Error(`expected a configuration: ${JSON.stringify(parsed)}`);
  return parsed.warnings;
}

function faultOf(args: readonly string[], environment: NodeJS.ProcessEnv = {}): string {
  const parsed = parseServerConfig(args, environment);
  if (parsed.kind !== 'error') throw new Error(`expected an error: ${JSON.stringify(parsed)}`);
  return parsed.message;
}

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
      grpcKeepAlive: { minTimeMs: 5_000, intervalMs: 7_200_000, timeoutMs: 20_000 },
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

describe('addresses', () => {
  const advertise = '--advertise-client-urls=http://a:1';

  it.each([
    ['http://127.0.0.1:80', { href: 'http://127.0.0.1:80', scheme: 'http', host: '127.0.0.1', port: 80, path: '' }],
    ['http://[::1]:0', { href: 'http://[::1]:0', scheme: 'http', host: '::1', port: 0, path: '' }],
    ['http://0.0.0.0:2379', { href: 'http://0.0.0.0:2379', scheme: 'http', host: '0.0.0.0', port: 2379, path: '' }],
    ['HTTP://localhost:1', { href: 'http://localhost:1', scheme: 'http', host: 'localhost', port: 1, path: '' }],
    ['unix:///run/q.sock', { href: 'unix:///run/q.sock', scheme: 'unix', host: '', port: 0, path: '/run/q.sock' }],
    ['unix://localhost:2379', { href: 'unix://localhost:2379', scheme: 'unix', host: '', port: 0, path: 'localhost:2379' }],
  ])('listens on %s', (text, url) => {
    expect(configOf([`--listen-client-urls=${text}`, advertise]).listenClientUrls).toEqual([url]);
  });

  it('sorts lists, takes blanks after commas, and each URL once', () => {
    const config = configOf(['--listen-client-urls=http://127.0.0.1:2, http://127.0.0.1:1,http://127.0.0.1:2', '--advertise-client-urls=http://b:1,http://a:1']);
    expect(config.listenClientUrls.map(({ href }) => href)).toEqual(['http://127.0.0.1:1', 'http://127.0.0.1:2']);
    expect(config.advertiseClientUrls).toEqual(['http://a:1', 'http://b:1']);
  });

  it('lets the default cluster follow another name, and with it the advertised URLs', () => {
    expect(configOf(['--name=a']).initialCluster).toEqual([{ name: 'a', peerUrls: ['http://localhost:2380'] }]);
    expect(configOf(['--name=a', '--initial-advertise-peer-urls=http://h:2,http://h:1']).initialCluster)
      .toEqual([{ name: 'a', peerUrls: ['http://h:1', 'http://h:2'] }]);
    expect(configOf(['--initial-advertise-peer-urls=http://h:2']).initialCluster).toEqual([{ name: 'default', peerUrls: ['http://localhost:2380'] }]);
  });

  it('reads the members of a cluster, in the order of their names', () => {
    expect(configOf(['--initial-cluster=b=http://b:2,a=http://a:1,b=http://b:1']).initialCluster).toEqual([
      { name: 'a', peerUrls: ['http://a:1'] }, { name: 'b', peerUrls: ['http://b:1', 'http://b:2'] },
    ]);
  });

  it('leaves a cluster that cannot be read to the question whether there is data', () => {
    expect(configOf(['--initial-cluster=a=foo'])).toMatchObject({ initialCluster: [], initialClusterText: 'a=foo' });
  });

  it('wants a client address, and none that needs TLS between peers', () => {
    expect(faultOf(['--listen-client-urls=', advertise])).toBe('--listen-client-urls must name at least one URL');
    expect(faultOf(['--listen-peer-urls=https://127.0.0.1:1'])).toBe('TLS between peers is not supported yet (https://127.0.0.1:1)');
    expect(faultOf(['--initial-advertise-peer-urls=https://a:1'])).toBe('TLS between peers is not supported yet (https://a:1)');
  });

  it('takes the default of --advertise-client-urls in a file that sets --listen-client-urls, as etcd does', () => {
    expect(configOf(['--config-file', fileOf('listen-client-urls: http://127.0.0.1:1')]).advertiseClientUrls).toEqual(['http://localhost:2379']);
  });
});

describe('limits and times', () => {
  it.each([
    ['0', 2_147_483_648], ['-5', -5], ['5000', 5_000], ['0x10', 16],
  ])('a quota of %s is %d bytes', (text, quotaBytes) => expect(configOf([`--quota-backend-bytes=${text}`]).quotaBytes).toBe(quotaBytes));

  it('warns of sizes beyond what etcd advises', () => {
    expect(warningsOf(['--quota-backend-bytes=8589934592', '--max-request-bytes=10485760'])).toEqual([]);
    expect(warningsOf(['--quota-backend-bytes=8589934593'])).toEqual(['--quota-backend-bytes 8589934593 exceeds the maximum recommended value 8589934592']);
    expect(warningsOf(['--max-request-bytes=10485761'])).toEqual(['--max-request-bytes 10485761 exceeds the maximum recommended value 10485760']);
  });

  it('takes 0 for the default where etcd does', () => {
    expect(configOf(['--snapshot-count=0', '--snapshot-catchup-entries=0', '--backend-batch-interval=0s', '--max-concurrent-streams=0', '--watch-progress-notify-interval=0']))
      .toMatchObject({ snapshotCount: 10_000, snapshotCatchUpEntries: 5_000, batchIntervalMs: 100, maxConcurrentStreams: 4_294_967_295, watchProgressIntervalMs: 600_000 });
  });

  it.each([
    [['--grpc-keepalive-min-time=1s', '--grpc-keepalive-interval=90s', '--grpc-keepalive-timeout=3s'], { minTimeMs: 1_000, intervalMs: 90_000, timeoutMs: 3_000 }],
    [['--grpc-keepalive-min-time=0s', '--grpc-keepalive-interval=10ms', '--grpc-keepalive-timeout=3ms'], { minTimeMs: 300_000, intervalMs: 1_000, timeoutMs: 3 }],
    [['--grpc-keepalive-interval=0s', '--grpc-keepalive-timeout=3s'], { minTimeMs: 5_000, intervalMs: 7_200_000, timeoutMs: 20_000 }],
  ])('takes %j as grpc-go does', (args, grpcKeepAlive) => expect(configOf(args).grpcKeepAlive).toEqual(grpcKeepAlive));

  it('obeys the rest', () => {
    expect(configOf([
      '--snapshot-count=7', '--snapshot-catchup-entries=8', '--backend-batch-interval=5ms', '--max-concurrent-streams=9', '--watch-progress-notify-interval=1ms',
      '--max-txn-ops=3', '--max-request-bytes=4', '--heartbeat-interval=10', '--election-timeout=50', '--enable-grpc-gateway=false', '--wal-dir=w', '--data-dir=d',
      '--initial-cluster-token=t', '--initial-cluster-state=existing', '--listen-metrics-urls=http://127.0.0.1:9', '--listen-client-http-urls=http://127.0.0.1:8',
      '--cors=http://a:1', '--host-whitelist=a,b',
    ])).toMatchObject({
      snapshotCount: 7, snapshotCatchUpEntries: 8, batchIntervalMs: 5, maxConcurrentStreams: 9, watchProgressIntervalMs: 100,
      maxTxnOps: 3, maxRequestBytes: 4, heartbeatMs: 10, electionMs: 50, enableGrpcGateway: false, walDir: 'w', dataDir: 'd',
      initialClusterToken: 't', initialClusterState: 'existing', listenMetricsUrls: [{ port: 9 }], listenClientHttpUrls: [{ port: 8 }],
      cors: ['http://a:1'], hostWhitelist: ['a', 'b'],
    });
  });

  it('bounds the election timeout', () => {
    expect(configOf(['--election-timeout=50000']).electionMs).toBe(50_000);
    expect(faultOf(['--election-timeout=50001'])).toBe('--election-timeout[50001ms] is too long, and should be set less than 50000ms');
  });

  it.each([
    ['periodic', '0', { mode: 'periodic', retentionMs: 0 }],
    ['periodic', '2', { mode: 'periodic', retentionMs: 7_200_000 }],
    ['periodic', '5m', { mode: 'periodic', retentionMs: 300_000 }],
    ['periodic', '1h30m', { mode: 'periodic', retentionMs: 5_400_000 }],
    ['revision', '0', { mode: 'revision', retentionRevisions: 0 }],
    ['revision', '1000', { mode: 'revision', retentionRevisions: 1_000 }],
  ])('compacts %s by %s', (mode, retention, autoCompaction) => {
    expect(configOf([`--auto-compaction-mode=${mode}`, `--auto-compaction-retention=${retention}`]).autoCompaction).toEqual(autoCompaction);
  });

  it.each([
    [['--auto-compaction-mode='], 'undefined auto-compaction-mode'],
    [['--auto-compaction-retention=-5m'], 'error parsing CompactionRetention: "-5m" is negative'],
    [['--auto-compaction-mode=revision', '--auto-compaction-retention=5m'], 'error parsing CompactionRetention: a number of revisions is needed, not "5m"'],
    [['--backend-batch-interval=-1s'], '--backend-batch-interval must not be negative'],
    [['--compact-hash-check-time=0s'], '--compact-hash-check-time must be >0 (set to 0s)'],
  ])('refuses %j', (args, message) => expect(faultOf(args)).toBe(message));
});

describe('TLS of clients', () => {
  const secured = ['--listen-client-urls=https://127.0.0.1:1', '--advertise-client-urls=https://127.0.0.1:1'];
  const files = ['--cert-file=c', '--key-file=k'];

  it('takes certificate and key', () => {
    expect(configOf([...secured, ...files]).clientTls).toEqual({ certFile: 'c', keyFile: 'k', trustedCaFile: '', clientCertAuth: false });
  });

  it('asks clients for certificates where there is a CA, or it is told to', () => {
    expect(configOf([...secured, ...files, '--trusted-ca-file=a']).clientTls).toMatchObject({ trustedCaFile: 'a', clientCertAuth: true });
    expect(configOf([...secured, ...files, '--client-cert-auth']).clientTls).toMatchObject({ trustedCaFile: '', clientCertAuth: true });
  });

  it('needs both files for every secured URL', () => {
    expect(faultOf([...secured, '--key-file=k'])).toBe('KeyFile and CertFile must both be present[key: k, cert: ]');
    expect(faultOf(['--listen-metrics-urls=https://127.0.0.1:9'])).toBe('TLS key/cert (--cert-file, --key-file) must be provided for client url https://127.0.0.1:9 with HTTPS scheme');
    expect(faultOf(['--listen-client-http-urls=https://127.0.0.1:9'])).toMatch(/must be provided for client url https:\/\/127\.0\.0\.1:9/);
  });

  it('says which plain URLs ignore them', () => {
    expect(configOf(files).clientTls).toBeUndefined();
    expect(warningsOf([...files, '--client-cert-auth'])).toEqual([
      'scheme is HTTP while key and cert files are present; ignoring key and cert files (http://localhost:2379)',
      'scheme is HTTP while --client-cert-auth is enabled; ignoring client cert auth for this URL (http://localhost:2379)',
    ]);
  });
});

describe('the log', () => {
  it.each([
    ['debug', 'debug'], ['INFO', 'info'], ['', 'info'], ['warn', 'warn'], ['error', 'error'], ['dpanic', 'fatal'], ['panic', 'fatal'], ['fatal', 'fatal'],
  ])('level %j is %s', (text, logLevel) => expect(configOf([`--log-level=${text}`]).logLevel).toBe(logLevel));

  it('goes where it is told', () => {
    expect(configOf(['--log-outputs=stderr,/var/log/q', '--log-format=console'])).toMatchObject({ logOutputs: ['stderr', '/var/log/q'], logFormat: 'console' });
    expect(configOf(['--log-outputs=']).logOutputs).toEqual(['default']);
    expect(faultOf(['--log-outputs=systemd/journal'])).toMatch(/not supported; stderr reaches the journal$/);
  });
});

describe('the environment', () => {
  it('fills in what flags leave open', () => {
    expect(configOf(['--name=a'], { ETCD_DATA_DIR: '/d', ETCD_ENABLE_GRPC_GATEWAY: 'false' })).toMatchObject({ name: 'a', dataDir: '/d', enableGrpcGateway: false });
  });

  it('warns of names that it does not know, but tells no values', () => {
    expect(warningsOf([], { ETCD_FOO: 'secret', ETCDCTL_API: '3', QUORATE_X: '1', ETCD_UNSUPPORTED_ARCH: 'arm' })).toEqual(['unrecognized environment variable ETCD_FOO']);
    expect(warningsOf([], { ETCD_VERSION: 'v3.6.1' })).toEqual(['cannot set special environment variable ETCD_VERSION']);
  });

  it('needs --advertise-client-urls beside ETCD_LISTEN_CLIENT_URLS too', () => {
    expect(faultOf([], { ETCD_LISTEN_CLIENT_URLS: 'http://127.0.0.1:1' })).toBe('--advertise-client-urls is required when --listen-client-urls is set explicitly');
  });
});

describe('the configuration file', () => {
  it('stands alone: other flags and the environment are ignored', () => {
    const file = fileOf('name: from-file', 'snapshot-count: 5');
    expect(configOf([`--config-file=${file}`, '--name=x', '--max-txn-ops=5'], { ETCD_NAME: 'y', ETCD_FOO: 'z' })).toMatchObject({ name: 'from-file', snapshotCount: 5, maxTxnOps: 128 });
    expect(configOf([], { ETCD_CONFIG_FILE: file, ETCD_NAME: 'y' }).name).toBe('from-file');
  });

  it('is YAML 1.1 or JSON', () => {
    expect(configOf(['--config-file', fileOf('name: &n a', 'initial-cluster-token: *n', 'enable-grpc-gateway: no', 'wal-dir:', 'data-dir: ""')]))
      .toMatchObject({ name: 'a', initialClusterToken: 'a', enableGrpcGateway: false, walDir: '', dataDir: 'a.etcd' });
    expect(configOf(['--config-file', fileOf('{"name": "j", "quota-backend-bytes": 5, "log-outputs": ["stdout"]}')]))
      .toMatchObject({ name: 'j', quotaBytes: 5, logOutputs: ['stdout'] });
    expect(configOf(['--config-file', fileOf('')]).name).toBe('default');
  });

  it('has groups for TLS', () => {
    const file = fileOf('listen-client-urls: https://127.0.0.1:1', 'client-transport-security:', '  cert-file: c', '  key-file: k', '  client-cert-auth: true', 'peer-transport-security:');
    expect(configOf(['--config-file', file]).clientTls).toEqual({ certFile: 'c', keyFile: 'k', trustedCaFile: '', clientCertAuth: true });
  });

  it.each([
    [['name: a', 'nmae: b'], ':2: unknown key "nmae"'],
    [['client-transport-security:', '  cert-fiel: b'], ':2: unknown key "client-transport-security.cert-fiel"'],
    [['cert-file: b'], ':1: unknown key "cert-file"'],
    [['- a'], ':1: keys and values are expected'],
    [['log-outputs: [5]'], ':1: invalid value for log-outputs: a list of texts is expected'],
    [['name: [a]'], ':1: invalid value for name: a single value is expected'],
    [['a: b', ' c: d'], /^:[12]: .+/],
    [['name: a', 'name: b'], /^:2: .*unique/],
    [['quota-backend-bytes: 9223372036854775808'], ':1: invalid value for quota-backend-bytes: value out of range'],
  ])('names the line of a mistake in %j', (lines, message) => {
    const file = fileOf(...lines);
    const fault = faultOf(['--config-file', file]);
    expect(fault.startsWith(file)).toBe(true);
    if (typeof message === 'string') expect(fault.slice(file.length)).toBe(message);
    else expect(fault.slice(file.length)).toMatch(message);
    expect(fault).not.toContain('\n');
  });

  it('refuses a directory, and what this version cannot do', () => {
    expect(faultOf(['--config-file', folder])).toBe(`open ${folder}: is a directory`);
    expect(faultOf(['--config-file', fileOf('force-new-cluster: true')])).toBe('--force-new-cluster: it is not supported yet');
  });
});

describe('feature gates', () => {
  it.each([
    ['Foo=true', 2, 'unrecognized feature gate: Foo'],
    ['LeaseCheckpoint', 2, 'missing bool value for LeaseCheckpoint'],
    ['LeaseCheckpoint=x', 2, 'invalid value of LeaseCheckpoint=x, err: strconv.ParseBool: parsing "x": invalid syntax'],
    ['LeaseCheckpointPersist=true', 1, 'enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint'],
  ])('refuses %s', (gates, exitCode, message) => {
    expect(parseServerConfig([`--feature-gates=${gates}`], {})).toMatchObject({ kind: 'error', exitCode, message });
  });

  it('accepts those that change nothing here, and warns of the others', () => {
    expect(warningsOf(['--feature-gates=LeaseCheckpoint=true, LeaseCheckpointPersist=true,TxnModeWriteWithSharedBuffer=false'])).toEqual([]);
    expect(warningsOf(['--feature-gates=StopGRPCServiceOnDefrag=true'])).toEqual([
      '--feature-gates=StopGRPCServiceOnDefrag=true has no effect: requests are served during a defragmentation',
    ]);
  });
});

describe('version, help and stray words', () => {
  it('knows --version and --help in both forms, and lets a bad flag win', () => {
    for (const flag of ['--version', '-version', '--version=true']) expect(parseServerConfig([flag], {})).toEqual({ kind: 'version' });
    for (const flag of ['--help', '-help', '-h', '--h']) expect(parseServerConfig([flag], {}).kind).toBe('help');
    expect(parseServerConfig(['--version', '--nope'], {})).toMatchObject({ kind: 'error', exitCode: 2 });
    expect(parseServerConfig(['--version'], { ETCD_NAME: 'x', ETCD_PRE_VOTE: 'x' })).toEqual({ kind: 'version' });
  });

  it('lists every flag with its default', () => {
    const parsed = parseServerConfig(['--help'], {});
    const text = parsed.kind === 'help' ? parsed.text : '';
    for (const flag of flagTable.filter(({ kind }) => kind !== 'ignored')) expect(text).toContain(`\n  --${flag.name} '${flag.defaultText}'\n`);
  });

  it.each([
    [['gateway', 'start'], "'gateway' is not supported: a member is all that runs"],
    [['--', '--name=x'], "'--name=x' is not a valid flag"],
    [['-'], "'-' is not a valid flag"],
    [[''], "'' is not a valid flag"],
  ])('refuses %j', (args, message) => expect(faultOf(args)).toBe(message));
});
