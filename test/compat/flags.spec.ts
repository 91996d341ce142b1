import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bootstrapFault } from '../../apps/server/src/config/bootstrap-fault';
import { parseServerConfig } from '../../apps/server/src/config/parse-server-config';
import { describeWith, requireTool } from '../support/foreign-tools';

interface Case {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Contents of the configuration file. */
  readonly file?: string;
  /** Where etcd words it in another way: what it says. Otherwise our first line is part of its output. */
  readonly etcdSays?: string;
  readonly weSay?: RegExp;
  /** Where the codes differ on purpose. */
  readonly etcdExits?: number;
}

interface Outcome {
  readonly code: number;
  readonly says: string;
}

/** Port 0 is free everywhere. */
const listening = ['--listen-client-urls=http://127.0.0.1:0', '--advertise-client-urls=http://127.0.0.1:1', '--listen-peer-urls=http://127.0.0.1:0'];
const listeningFile = 'logger: zap\nlog-outputs: [stderr]\nlisten-client-urls: http://127.0.0.1:0\nlisten-peer-urls: http://127.0.0.1:0\n';

const wrongFlags: readonly (readonly string[])[] = [
  ['--nope'], ['--nope=1', 'stray'], ['-nope'], ['--name'], ['-=x'], ['---name'], ['--=x'], ['stray'], ['--name=x', 'stray'],
  ['--snapshot-count=x'], ['--snapshot-count=-1'], ['--snapshot-count=1.5'], ['--snapshot-count='], ['--max-request-bytes=-1'],
  ['--quota-backend-bytes=9999999999999999999'], ['--quota-backend-bytes=1GB'], ['--heartbeat-interval=1x'], ['--bcrypt-cost=0x'],
  ['--max-wals=08'], ['--max-concurrent-streams=x'], ['--max-concurrent-streams=4294967296'],
  ['--pre-vote=maybe'], ['--version=x'], ['--auto-tls=2'],
  ['--grpc-keepalive-min-time=5'], ['--grpc-keepalive-min-time=5 s'], ['--grpc-keepalive-interval='],
  ['--initial-cluster-state=foo'], ['--proxy=foo'], ['--discovery-fallback=foo'], ['--cors=foo'],
  ['--listen-client-urls=foo'], ['--listen-client-urls=ftp://127.0.0.1:1'], ['--listen-client-urls=http://127.0.0.1'],
  ['--listen-client-urls=http://127.0.0.1:1/'], ['--listen-client-urls=http://127.0.0.1:1/foo'], ['--listen-client-urls=127.0.0.1:1'],
  ['--listen-client-urls=http://127.0.0.1:1x'], ['--listen-client-urls=http://127.0.0.1:1,'], ['--listen-client-urls=http://[::1]'],
  ['--listen-client-urls=http://example.com:1'], ['--listen-client-urls=http://LOCALHOST:1'], ['--listen-client-urls=http://:1'],
  ['--listen-peer-urls=http://example.com:1'], ['--listen-metrics-urls=http://example.com:1'],
  ['--listen-client-urls=http://127.0.0.1:1'], ['--listen-client-urls=http://127.0.0.1:1,http://127.0.0.2:1'],
  ['--election-timeout=400'], ['--election-timeout=60000'], ['--heartbeat-interval=0'], ['--election-timeout=0'], ['--heartbeat-interval=500'],
  ['--auto-compaction-mode=foo'], ['--logger=foo'], ['--logger=zap', '--log-outputs=stderr,default'],
  ['--config-file=/nonexistent'],
  [...listening, '--listen-client-urls=http://127.0.0.1:99999'],
  [...listening, '--auto-compaction-retention=foo'],
  [...listening, '--listen-client-urls=https://127.0.0.1:0'],
  [...listening, '--listen-client-urls=https://127.0.0.1:0', '--cert-file=x'],
  [...listening, '--initial-advertise-peer-urls=http://127.0.0.1:1'],
  [...listening, '--initial-cluster=default=http://127.0.0.1:1'],
  [...listening, '--initial-cluster=default=http://127.0.0.1:2380'],
  [...listening, '--initial-cluster=default=http://127.0.0.1:1', '--initial-advertise-peer-urls=http://127.0.0.1:2'],
  [...listening, '--initial-cluster=default=http://127.0.0.1:1', '--initial-advertise-peer-urls=http://127.0.0.1:1,http://127.0.0.1:2'],
  [...listening, '--initial-cluster=other=http://127.0.0.1:1'],
  [...listening, '--initial-cluster='],
  [...listening, '--initial-cluster=a'],
  [...listening, '--initial-cluster=default=foo'],
  [...listening, '--name=a', '--initial-cluster=b=http://127.0.0.1:1'],
];

const cases: readonly Case[] = [
  ...wrongFlags.map((args) => ({ args })),
  { args: ['--advertise-client-urls=http://:1'], etcdSays: '--advertise-client-urls "http://:1" must be "host:port" (unexpected empty host (http://:1))', weSay: /^--advertise-client-urls "http:\/\/:1" must be .* \(unexpected empty host \(http:\/\/:1\)\)$/ },
  // etcd 3.4 panics; later releases say it like this.
  { args: ['--log-level=foo'], etcdSays: 'unknown level "foo"', weSay: /^unrecognized level: "foo"$/, etcdExits: 2 },
  { args: ['--log-format=foo'], etcdSays: 'flag provided but not defined: -log-format', weSay: /^unknown log format: foo/, etcdExits: 2 },
  { args: [...listening, '--auto-compaction-retention=-1'], etcdSays: 'error parsing CompactionRetention', weSay: /^error parsing CompactionRetention/ },
  { args: [...listening, '--auto-compaction-retention=1x'], etcdSays: 'error parsing CompactionRetention', weSay: /^error parsing CompactionRetention/ },
  { args: [...listening, '--auth-token=foo'], etcdSays: 'auth: invalid auth options', weSay: /^--auth-token: .*not supported yet$/ },
  { args: [...listening, '--initial-advertise-peer-urls=http://127.0.0.1:2380', '--initial-cluster=default=http://127.0.0.1:2380', '--initial-cluster-state=existing'], etcdSays: 'cannot fetch cluster info from peer urls', weSay: /^--initial-cluster-state=existing: .*not supported yet$/ },
  { args: ['--initial-cluster=default=http://127.0.0.1:1', '--discovery=http://x'], etcdSays: 'multiple discovery or bootstrap flags are set', weSay: /^--discovery: .*not supported yet$/ },
  { env: { ETCD_PRE_VOTE: 'x' } },
  { env: { ETCD_SNAPSHOT_COUNT: 'x' } },
  { env: { ETCD_LISTEN_CLIENT_URLS: 'foo' } },
  { env: { ETCD_LISTEN_CLIENT_URLS: 'http://127.0.0.1:1' } },
  { env: { ETCD_INITIAL_CLUSTER_STATE: 'foo' } },
  { args: ['--name=a'], env: { ETCD_NAME: 'b' } },
  { args: ['--name=a'], env: { ETCD_NAME: 'a' } },
  { args: ['--name=a'], env: { ETCD_NAME: '' } },
  { args: ['--nope'], env: { ETCD_NAME: 'b' } },
  { env: { ETCD_CONFIG_FILE: '/nonexistent' } },
  { args: ['--snapshot-count=x'], file: listeningFile },
  { file: `${listeningFile}election-timeout: 100\n` },
  { file: `${listeningFile}initial-advertise-peer-urls: http://127.0.0.1:1\n` },
  ...([
    ['name: 123', /:5: .*text is expected/], ['snapshot-count: x', /:5: .*integer/], ['snapshot-count: "5"', /:5: .*integer/], ['snapshot-count: 1.5', /:5: .*integer/],
    ['grpc-keepalive-min-time: 5s', /:5: .*nanoseconds/], ['pre-vote: "true"', /:5: .*true or false/], ['log-outputs: stderr', /.*/],
    ['auto-compaction-retention: 1', /:5: .*text/], ['client-transport-security: 5', /:5: invalid client-transport-security/],
  ] as const).map(([line, weSay]) => ({ file: `${listeningFile}${line}\n`, etcdSays: 'cannot unmarshal', weSay })),
  { file: 'a: [', etcdSays: 'error converting YAML to JSON', weSay: /:1: / },
  { file: `${listeningFile}name: *x\n`, etcdSays: "unknown anchor 'x' referenced", weSay: /:5: unknown anchor 'x' referenced$/ },
  { file: `${listeningFile}initial-cluster-state: foo\n`, etcdSays: 'unexpected clusterState "foo"', weSay: /:5: invalid value for initial-cluster-state/ },
  { file: 'logger: zap\nlisten-peer-urls: foo\n', etcdSays: 'URL scheme must be http, https, unix, or unixs: foo', weSay: /:2: .*URL scheme must be http, https, unix, or unixs: foo$/ },
];

describeWith(['etcd'], 'wrong flags, variables and files', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-flags-'));
  afterAll(() => fs.rmSync(folder, { recursive: true }));
  let runs = 0;

  async function etcd({ args = [], env = {}, file }: Case): Promise<Outcome> {
    const cwd = path.join(folder, String(runs++));
    fs.mkdirSync(cwd);
    const fileArgs = file === undefined ? [] : ['--config-file=etcd.yaml'];
    if (file !== undefined) fs.writeFileSync(path.join(cwd, 'etcd.yaml'), file);
    const logArgs = args.some((arg) => arg.startsWith('--log')) ? [] : ['--logger=zap', '--log-outputs=stderr'];
    const child = spawn(requireTool('etcd'), [...logArgs, ...args, ...fileArgs], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let says = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => { says += chunk; });
    // One that starts after all would run for ever.
    const giveUp = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const [code] = await once(child, 'close') as [number | null];
    clearTimeout(giveUp);
    return { code: code ?? -1, says: says.replaceAll('\\"', '"') };
  }

  async function ours({ args = [], env = {}, file }: Case): Promise<Outcome> {
    const fileName = path.join(folder, `ours-${runs++}.yaml`);
    if (file !== undefined) fs.writeFileSync(fileName, file);
    const parsed = parseServerConfig([...args, ...(file === undefined ? [] : [`--config-file=${fileName}`])], env);
    if (parsed.kind === 'error') return { code: parsed.exitCode, says: parsed.message };
    if (parsed.kind !== 'run') throw new Error(`unexpected ${parsed.kind}`);
    const fault = await bootstrapFault(parsed.config);
    return fault === undefined ? { code: 0, says: '' } : { code: 1, says: fault };
  }

  const titled = cases.map((each) => [JSON.stringify([each.args?.join(' '), each.env, each.file?.slice(listeningFile.length)].filter((part) => part !== undefined)), each] as const);

  it.each(titled)('%s', async (_title, each) => {
    const [theirs, our] = [await etcd(each), await ours(each)];
    const [firstLine = ''] = our.says.split('\n');
    expect(theirs.code).toBe(each.etcdExits ?? our.code);
    expect(our.code).toBeGreaterThan(0);
    expect(firstLine).not.toBe('');
    expect(theirs.says).toContain(each.etcdSays ?? firstLine);
    if (each.weSay) expect(firstLine).toMatch(each.weSay);
    if (our.code === 1) expect(our.says).toBe(firstLine);
  });

  it('prints the version in the same form', async () => {
    const { says } = await etcd({ args: ['--version'] });
    expect(says.split('\n')[0]).toMatch(/^etcd Version: [0-9]+\.[0-9]+\.[0-9]+$/);
  });
});
