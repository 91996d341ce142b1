import { describeWith } from '../support/foreign-tools';
import { compareSequences, type EtcdctlStep, type Sequence } from './etcdctl.testing';

/** A watch that ends when the last event it waits for has been written. */
function watch(args: string, until: RegExp, flags: Partial<EtcdctlStep> = {}): EtcdctlStep {
  return { run: `watch ${args}`, until, ...flags };
}

const history = ['put w/a 1', 'put w/b 2', 'put w/a 3', 'del w/a', 'put w/c 4', 'put w/a 5', 'put w0 6', 'put x 7', 'put w/end .'];

/** The end of what the last event of the history looks like: `etcdctl` writes an event in several pieces. */
const lastOfHistory = [['simple', /w\/end\n\.\n/], ['json', /dy9lbmQ=[^]*\n/], ['fields', /"Key" : "w\/end"[^]*?"Lease" : 0\n/]] as const;

const past: readonly Sequence[] = [
  ['from an old revision', ...history, watch('w/a --rev=1', /5\n$/), watch('w/a --rev=2', /5\n$/), watch('w/a --rev=3', /5\n$/), watch('w/ --prefix --rev=1', /\.\n$/), watch('w/ --prefix --rev=5', /\.\n$/),
    watch('w/b w0 --rev=1', /\.\n$/), watch('w/c --rev=1 --hex', /4\n$|34\n$/), watch('w/a --rev=1 --prev-kv', /5\n$/), watch('w/ --prefix --rev=4 --prev-kv', /\.\n$/)],
  ['in every format', ...lastOfHistory.flatMap(([format, last]) => [watch(`w/ --prefix --rev=2 -w ${format}`, last), watch(`w/ --prefix --rev=2 --prev-kv -w ${format}`, last)]),
    'watch w/a --rev=2 -w table'],
  ['a transaction is one piece', { run: 'txn', input: '\nput w/t1 1\nput w/t2 2\ndel w/a\n\n\n' }, watch('w/ --prefix --rev=11 -w json', /dy90Mg==[^]*\n/), watch('w/ --prefix --rev=11', /DELETE\nw\/a\n/)],
  ['whole keyspace', { run: ['watch', '', '--prefix', '--rev=9'], until: /DELETE\nw\/a\n/ }, { run: ['watch', 'w/c', '', '--rev=2'], until: /4\n$/ }],
  ['a compacted start', 'compact 6', watch('w/ --prefix --rev=5', /never/), watch('w/ --prefix --rev=6', /DELETE\nw\/a\n/), watch('w/ --prefix --rev=7', /DELETE\nw\/a\n/), watch('w/a --rev=1 -w json', /never/), watch('w/a --prev-kv --rev=6', /DELETE\nw\/a\n5?\n/)],
  ['wrong input', { run: 'watch' }, { run: 'watch w/b w/a --rev=2' }, { run: 'watch w/a --prefix b' }, { run: 'watch a --rev=x' }, { run: 'watch w/a w/a --rev=1' }, { run: 'watch a --nope' }],
  ['runs a command per event', watch('w/c --rev=6 -- sh -c env|grep\tETCD_WATCH|sort', /VALUE="4"/, { run: ['watch', 'w/c', '--rev=6', '--', 'sh', '-c', 'env | grep ETCD_WATCH | sort'] })],
];

const live: readonly Sequence[] = [
  ['from now on: interactive, several at once, cancelled, progress', { run: 'put w/now 0' },
    { run: 'watch -i', beside: true, ready: /progress notify: \d+/, until: /stop\n$/, dialogue: [
      { say: 'watch w/live --prefix\n' }, { say: 'watch --prev-kv w/also\n' }, { say: 'progress\n' }, { when: /progress notify/, say: '' }] },
    'put w/live/1 a', 'put w/also b', 'put w/also c', 'del w/live/1', 'put w/unseen x', 'put w/live/2 stop'],
  ['interactive: wrong input', { run: 'watch -i', input: 'nope\n' }, { run: 'watch -i', input: 'watch\n' }, { run: 'watch -i', input: 'progress\nwatch w/now --rev=x\n' }, { run: 'watch -i', input: '' }, { run: 'watch -i', input: 'cancel 1\n' }],
  // etcd 3.4 answers a progress request though a watcher waits for a later revision; from 3.5.10 on it does not, as ours: so none here.
  ['a start in the future waits', { run: 'put w/fe ready -w fields', take: { rev: /"Revision" : (\d+)/ } },
    { run: 'watch -i', beside: true, ready: /ready\n/, until: /seen\n$/, dialogue: [{ say: 'watch w/f --rev=1000000\nwatch w/fe --rev=7\n' }] }, 'put w/f early', 'put w/fe seen'],
];

describeWith(['etcd', 'etcdctl'], 'etcdctl watch, compared with etcd', () => {
  compareSequences([...past, ...live]);
});
