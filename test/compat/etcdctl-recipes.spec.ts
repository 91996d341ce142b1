import { describeWith } from '../support/foreign-tools';
import { compareSequences, type EtcdctlStep, runSteps, type Sequence } from './etcdctl.testing';
import { type ComparedServer, onBoth, type ServerPair, startPair, stopPair } from './server-pair.testing';

/** A key of etcdctl's own recipes ends with the id of its lease, which the server picks. */
function maskLeases(output: string): string {
  return output.replaceAll(/(\/)[0-9a-f]{13,16}\b/g, '$1<lease>');
}

const sequences: readonly Sequence[] = [
  ['lock: held until the end, and gone after it', { run: 'lock k/a', until: /k\/a\/[0-9a-f]+\n/, mask: maskLeases }, 'get k/a --prefix -w fields', { run: 'lock k/a --ttl=2', until: /k\/a\/[0-9a-f]+\n/, mask: maskLeases }],
  ['lock: around a command', { run: 'lock k/c echo done', mask: maskLeases }, { run: ['lock', 'k/c', '--', 'sh', '-c', 'env | grep ETCD_LOCK | cut -d/ -f1-2; exit 3'], mask: maskLeases }, { run: 'lock k/c /nonexistent', mask: maskLeases }, 'get k/c --prefix -w fields', { run: ['lock'] }],
  ['elect: proposes, is observed, resigns', { run: 'elect -l e/a', beside: true, until: /two\n$/, mask: maskLeases }, { run: 'elect e/a one', until: /one\n/, mask: maskLeases }, { run: 'elect e/a two', beside: true, ready: /two\n/, mask: maskLeases }, 'elect', 'elect a b c', 'elect -l a b'],
];

describeWith(['etcd', 'etcdctl'], 'etcdctl lock and elect, compared with etcd', () => {
  compareSequences(sequences);
});

describeWith(['etcd', 'etcdctl'], 'etcdctl between the two servers', () => {
  let pair: ServerPair;
  beforeAll(async () => { pair = await startPair(); }, 70_000);
  afterAll(() => stopPair(pair));

  it('lets a second lock wait for the first, in the order in which they came', async () => {
    const { etcd, quorate } = await onBoth(pair, async (server) => runSteps(server, [
      { run: ['lock', 'k/b', '--', 'sh', '-c', 'until [ -n "$(etcdctl get k/go --print-value-only)" ]; do sleep 0.1; done'], beside: true, until: /never/, mask: maskLeases },
      { run: ['watch', 'k/b/', '--prefix', '--rev=1'], until: /PUT\n/, mask: maskLeases },
      { run: ['lock', 'k/b', 'etcdctl', 'put', 'k/second', 'x'], beside: true, until: /never/, mask: maskLeases },
      { run: ['watch', 'k/b/', '--prefix', '--rev=1'], until: /PUT\n[^]*PUT\n/, mask: maskLeases },
      'get k/second', 'put k/go 1', { run: 'watch k/second --rev=1', until: /x\n/ },
    ]));
    expect(quorate).toEqual(etcd);
  });

  it.each(['etcd', 'quorate'] as const)('mirrors from %s to the other', async (from) => {
    const source = pair[from];
    const target = pair[from === 'etcd' ? 'quorate' : 'etcd'];
    const root = `m/${from}/`;
    await runSteps(source, Array.from({ length: 30 }, (_, at) => `put ${root}old/${at} ${at}`));
    const copied = (key: string): EtcdctlStep => ({ run: `watch copy/${from}/${key} --rev=1`, endpoints: target.process.endpoint, until: /PUT\n/ });
    await runSteps(source, [
      { run: ['make-mirror', '--prefix', root, '--dest-prefix', `copy/${from}/`, target.process.endpoint], beside: true },
      copied('old/9'), `put ${root}new/1 a`, `put ${root}new/2 b`, `del ${root}old/ --prefix`, { run: 'txn', input: `\nput ${root}new/3 c\nput ${root}new/4 d\ndel ${root}new/1\n\n\n` }, `put ${root}end .`,
      copied('end'),
    ]);
    expect(await contents(target, `copy/${from}/`)).toEqual(await contents(source, root));
  }, 40_000);
});

async function contents(server: ComparedServer, prefix: string): Promise<string[]> {
  const [outcome] = await runSteps(server, [`get ${prefix} --prefix`]);
  return (outcome?.stdout ?? '').replaceAll(prefix, '').split('\n');
}
