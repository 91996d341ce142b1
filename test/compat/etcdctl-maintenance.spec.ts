import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describeWith } from '../support/foreign-tools';
import { temporaryDirectory } from '../support/server-process';
import { compareSequences, type EtcdctlOutcome, type EtcdctlStep, runSteps, type Sequence } from './etcdctl.testing';
import { type ComparedServer, onBoth, type ServerPair, startPair, stopPair } from './server-pair.testing';

const formats = ['simple', 'json', 'fields', 'table'] as const;

/** Versions, sizes and log indexes are the server's own business: their places are compared, not their values. */
function status(format: string): EtcdctlStep {
  return { run: `endpoint status -w ${format}`, mask: maskStatus };
}

function maskStatus(output: string): string {
  return output
    .replaceAll(/\b3\.\d+\.\d+\b/g, '<version>')
    .replaceAll(/\d+(\.\d+)? [kMG]?B\b/g, '<size>')
    .replaceAll(/("(?:raftIndex|raftAppliedIndex|RaftIndex|RaftAppliedIndex|dbSize|dbSizeInUse|DBSize|dbSizeQuota)"\s?:\s?)\d+/g, '$1<number>')
    // The plain and the table line end with the term and the two indexes.
    .replaceAll(/(true|false), (true|false), \d+, \d+, \d+/g, '$1, $2, <term>, <index>, <index>')
    .split('\n').map((line) => (/^[|+]/.test(line) ? line.replaceAll(/\s+|-+/g, ' ').replace(/(\| \w+ \| \w+ \|)( \d+ \|){3}/, '$1 <term> | <index> | <index> |') : line)).join('\n');
}

/** A hash is over the server's own representation. */
function maskHash(output: string): string {
  return output.replaceAll(/("hash"\s?:\s?|"Hash"\s?:\s?|, )\d+/gi, '$1<hash>').replaceAll(/\| +\d+ \|/g, '| <hash> |').replaceAll(/[+-]{4,}/g, '+-+');
}

/** Columns are as wide as the ids in them. */
function maskWidths(output: string): string {
  return output.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '-');
}

/** `took` and the like. */
function maskTimes(output: string): string {
  return output.replaceAll(/\d+(\.\d+)?(ms|µs|Âµs|s)\b/g, '<time>').replaceAll(/\| +<time> +\|/g, '| <time> |').replaceAll(/[+-]{4,}/g, '+-+').replaceAll(/ +TOOK +/g, ' TOOK ');
}

const compactions: readonly Sequence[] = [
  ['compaction', ...Array.from({ length: 8 }, (_, at) => `put c/${at % 3} ${at}`), 'compaction 4', 'get c/0 --rev=3', 'get c/0 --rev=4', 'get c/0 --rev=5', 'compaction 4', 'compaction 3', 'compaction 100', 'compaction 0', 'compaction -- -1',
    'compaction 6 --physical', 'get c/ --prefix --rev=5', 'get c/ --prefix --rev=6', 'compaction', 'compaction x', 'compaction 1 2', 'compaction 9', 'compaction 9', 'get c/ --prefix -w fields'],
  ['a deleted key at and behind the compacted revision', { run: 'put cd/a 1' }, 'del cd/a', { run: 'put cd/b 1 -w fields', take: { rev: /"Revision" : (\d+)/ } }, 'compaction $rev', 'get cd/ --prefix --rev=$rev', 'put cd/a 2', 'get cd/ --prefix -w fields'],
];

const endpoints: readonly Sequence[] = [
  ['endpoint health', ...formats.map((format) => ({ run: `endpoint health -w ${format}`, mask: maskTimes })), { run: 'endpoint health --cluster', mask: maskTimes },
    { run: 'endpoint health --dial-timeout=200ms --command-timeout=500ms', endpoints: '127.0.0.1:1', mask: maskTimes }],
  ['endpoint status', ...formats.map(status), { run: 'endpoint status --cluster', mask: maskStatus }],
  ['endpoint hashkv', ...formats.map((format) => ({ run: `endpoint hashkv -w ${format}`, mask: maskHash })), { run: 'endpoint hashkv --rev=13', mask: maskHash },
    // At the compacted revision itself 3.4 refuses; from 3.5 on, as with ours, it is hashed.
    'endpoint hashkv --rev=11', 'endpoint hashkv --rev=2', 'endpoint hashkv --rev=100000', { run: 'endpoint hashkv --rev=-1', mask: maskHash }],
  ['defrag', { run: 'defrag', mask: maskTimes }, { run: 'defrag --cluster', mask: maskTimes }, 'get c/ --prefix -w fields', 'defrag extra'],
  ['member list', ...formats.map((format) => ({ run: `member list -w ${format}`, mask: maskWidths })), 'member list --hex -w json', 'member list extra'],
  ['move-leader', 'move-leader', 'move-leader zz', 'move-leader 1234', 'move-leader $member'],
  ['alarms: none', 'alarm list', 'alarm list -w table', 'alarm disarm', 'alarm list extra', 'alarm disarm extra'],
];

describeWith(['etcd', 'etcdctl'], 'etcdctl for operators, compared with etcd', () => {
  compareSequences([...compactions, ...endpoints]);
});

describeWith(['etcd', 'etcdctl'], 'etcdctl snapshot, beside etcd', () => {
  let pair: ServerPair;
  let directory: string;
  beforeAll(async () => { pair = await startPair(); directory = temporaryDirectory(); }, 70_000);
  afterAll(async () => { await stopPair(pair); fs.rmSync(directory, { recursive: true, force: true }); });

  it('saves a file that ends with its SHA-256, and says the same', async () => {
    for (const server of [pair.etcd, pair.quorate]) {
      const file = path.join(directory, server.kind);
      await runSteps(server, Array.from({ length: 20 }, (_, at) => ({ run: ['put', `s/${at}`, 'x'.repeat(5000)] })));
      const [saved] = await runSteps(server, [{ run: ['snapshot', 'save', file] }]);
      expect({ ...saved, command: '', stderr: '' }).toEqual({ command: '', code: 0, stdout: `Snapshot saved at ${file}\n`, stderr: '' });
      const bytes = fs.readFileSync(file);
      expect(bytes.length % 512).toBe(32);
      expect(bytes.subarray(-32).toString('hex')).toBe(createHash('sha256').update(bytes.subarray(0, -32)).digest('hex'));
    }
  });

  it('refuses a folder that does not exist', async () => {
    const [etcd] = await runSteps(pair.etcd, ['snapshot save /nonexistent/file']);
    const [quorate] = await runSteps(pair.quorate, ['snapshot save /nonexistent/file']);
    expect(quorate).toEqual(etcd);
  });
});

describeWith(['etcd', 'etcdctl'], 'etcdctl with the space quota used up, compared with etcd', () => {
  let pair: ServerPair;
  beforeAll(async () => { pair = await startPair({ flags: ['--quota-backend-bytes=1000000'] }); }, 70_000);
  afterAll(() => stopPair(pair));

  it('refuses writes, serves the rest, and takes writes again after compaction, defrag and disarm', async () => {
    const { etcd, quorate } = await onBoth(pair, async (server) => [...await fill(server), ...await runSteps(server, whileFull), ...await makeRoom(server)]);
    expect(quorate).toEqual(etcd);
  }, 60_000);
});

/** How many fit is the server's own business: puts until one is refused, and tells that refusal. */
async function fill(server: ComparedServer): Promise<EtcdctlOutcome[]> {
  const value = 'v'.repeat(60_000);
  for (let count = 0; count < 100; count++) {
    const [outcome] = await runSteps(server, [{ run: ['put', 'big', value], mask: (output) => output.replaceAll(value, '<value>') }]);
    if (outcome?.code !== 0) return outcome ? [{ ...outcome, command: 'put' }] : [];
  }
  return [];
}

const whileFull: readonly (string | EtcdctlStep)[] = [
  'alarm list', 'put small x', 'lease grant 100', 'get absent', { run: 'txn', input: '\nput a 1\n\n\n' }, { run: 'txn', input: 'version("a") = "0"\n\nget absent\n\nput a 1\n\n' }, { run: 'txn', input: '\nget a\n\n\n' }, { run: 'txn', input: '\ndel a\n\n\n' },
  { run: 'endpoint health', mask: maskTimes }, 'del absent', 'del big', 'put small x', 'alarm disarm', 'alarm list', 'alarm disarm',
];

async function makeRoom(server: ComparedServer): Promise<EtcdctlOutcome[]> {
  const [json] = await runSteps(server, ['get absent -w json']);
  const revision = /"revision":(\d+)/.exec(json?.stdout ?? '')?.[1] ?? '';
  // How far the revisions went is the server's own business too.
  const mask = (output: string): string => output.replaceAll(revision, '<revision>');
  const outcomes = await runSteps(server, [{ run: `compaction --physical ${revision}`, mask }, 'defrag', 'alarm disarm', 'alarm list', 'put small x', 'get small', { run: 'endpoint health', mask: maskTimes }]);
  return outcomes.map((outcome) => ({ ...outcome, command: mask(outcome.command) }));
}
