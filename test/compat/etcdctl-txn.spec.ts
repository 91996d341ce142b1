import { describeWith } from '../support/foreign-tools';
import { compareSequences, type EtcdctlStep, type Sequence } from './etcdctl.testing';

/** A transaction as it is typed: compares, what to do if they hold, what to do otherwise. */
function txn(compares: readonly string[], success: readonly string[], failure: readonly string[] = [], flags = ''): EtcdctlStep {
  const section = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('') + '\n';
  return { run: `txn${flags}`, input: section(compares) + section(success) + section(failure) };
}

/** One compare, told by which branch runs. */
function compare(...compares: string[]): EtcdctlStep {
  return txn(compares, ['get t/holds'], ['get t/fails']);
}

const sequences: readonly Sequence[] = [
  ['compares of each target with each operator', 'put t/holds yes', 'put t/fails no', 'put t/a 1', 'put t/a 2', 'put t/b x',
    ...['value("t/a")', 'val("t/a")'].flatMap((target) => ['=', '>', '<', '!='].flatMap((operator) => ['"1"', '"2"', '"3"', '""'].map((value) => compare(`${target} ${operator} ${value}`)))),
    ...['create("t/a")', 'c("t/a")', 'mod("t/a")', 'm("t/a")', 'version("t/a")', 'ver("t/a")'].flatMap((target) =>
      ['=', '>', '<', '!='].flatMap((operator) => ['"0"', '"2"', '"4"', '"5"'].map((value) => compare(`${target} ${operator} ${value}`))))],
  ['compares of an absent key', ...['value("t/absent")', 'create("t/absent")', 'mod("t/absent")', 'version("t/absent")', 'lease("t/absent")'].flatMap((target) =>
    ['=', '>', '<', '!='].map((operator) => compare(`${target} ${operator} "0"`))), compare('value("t/absent") = ""'), compare('value("t/absent") != ""'), compare('value("t/absent") < "x"')],
  // etcdctl 3.4 itself falls over every compare of a lease; the raw calls have them.
  ['compares of the lease', compare('lease("t/b") = "0"')],
  ['several compares, none, contradictory', compare('version("t/a") = "2"', 'value("t/b") = "x"'), compare('version("t/a") = "2"', 'value("t/b") = "y"'), compare(),
    compare('version("t/a") > "1"', 'version("t/a") < "3"')],
  ['wrong compares', ...['value("t/a")', 'value("t/a") =', 'value("t/a") = 1', 'nope("t/a") = "1"', 'mod("t/a") = "x"', 'mod("t/a") ~ "1"', 'value() = "1"', 'value("") = "1"', 'lease("t/a") = "zz"', 'x']
    .map((line) => compare(line))],
  ['operations of one branch see each other', txn([], ['put t/o 1', 'get t/o', 'put t/p 2', 'get t/o t/q', 'del t/o2', 'get t/ --prefix --keys-only']), 'get t/o -w fields', 'get t/p -w fields',
    txn([], ['put t/o 2 --prev-kv', 'del t/p --prev-kv', 'get t/p', 'get t/o -w json']), txn([], ['del t/o', 'get t/o']), txn([], ['get t/o', 'del t/o']), txn([], [])],
  ['both branches', txn(['version("t/e") = "0"'], ['put t/e 1', 'get t/e'], ['put t/e 2', 'get t/e']), txn(['version("t/e") = "0"'], ['put t/e 1', 'get t/e'], ['put t/e 2', 'get t/e']), 'get t/e -w fields'],
  ['outputs', ...['simple', 'json', 'fields', 'table'].flatMap((format) => [
    txn([], ['put t/w 1', 'get t/w', 'del t/w'.replace('t/w', 't/other')], [], ` -w ${format}`), txn(['mod("t/w") = "0"'], ['put t/w 1'], ['get t/w', 'get t/ --prefix --limit=2', 'get t/ --prefix --sort-by=VALUE --order=DESCEND'], ` -w ${format}`),
    txn([], ['put t/w 2 --prev-kv', 'del t/b2 --prev-kv'], [], ` --hex -w ${format}`)])],
  ['refused by the server', txn([], ['put t/d 1', 'put t/d 2']), txn([], ['put t/d 1', 'del t/d']), txn([], ['del t/ --prefix', 'put t/d 1']), txn([], ['del t/d', 'del t/d', 'del t/ --prefix']),
    txn(['version("t/d") = "5"'], ['put t/d 1', 'put t/d 2'], ['get t/d']), txn([], ['put t/d 1 --lease=77']), txn([], ['get t/a --rev=99999']), txn([], ['get t/a --rev=99999', 'put t/d 3']), 'get t/d -w json',
    txn([], ['put t/absent --ignore-value']), txn([], ['put t/absent 1 --ignore-lease']), txn([], ['put t/d x', 'put t/absent --ignore-value']), 'get t/d',
    txn([], Array.from({ length: 129 }, (_, at) => `put t/many/${at} x`)), txn([], Array.from({ length: 128 }, (_, at) => `put t/many/${at} x`)), 'get t/many/ --prefix --keys-only --limit=3 -w json',
    txn(Array.from({ length: 129 }, () => 'version("t/a") = "2"'), ['get t/a'])],
  ['wrong input', { run: 'txn', input: '' }, { run: 'txn', input: 'nonsense\n\n\n\n' }, { run: 'txn extra', input: '\n\n\n' }, txn([], ['nope a']), txn([], ['put']), txn([], ['get a b c'])],
  ['compacted revisions inside', { run: 'put t/k 1 -w fields', take: { rev: /"Revision" : (\d+)/ } }, 'put t/k 2', 'put t/k 3', 'compact $rev', txn([], ['get t/k --rev=1']), txn([], ['get t/k --rev=1', 'put t/k2 3']), 'get t/k2'],
  ['interactive', { run: 'txn -i', input: 'version("t/a") = "2"\n\nget t/holds\nput t/i 1\n\nget t/fails\n\n' }],
];

describeWith(['etcd', 'etcdctl'], 'etcdctl txn, compared with etcd', () => {
  compareSequences(sequences);
});
