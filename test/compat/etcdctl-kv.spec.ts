import { services } from '@quorate/wire';
import { describeWith } from '../support/foreign-tools';
import { compareSequences, type EtcdctlStep, type Sequence } from './etcdctl.testing';

const formats = ['simple', 'json', 'fields', 'table'] as const;

/** `-w protobuf` writes the message as it came: the header carries ids of a varying length. */
function protobuf(run: string, response: keyof typeof decoders): EtcdctlStep {
  return { run: `${run} -w protobuf`, mask: (bytes) => (bytes === '' ? '' : describeProtobuf(bytes, decoders[response])) };
}

const decoders = {
  range: services.KV.Range.response, put: services.KV.Put.response, deleteRange: services.KV.DeleteRange.response,
} as const;

function describeProtobuf(bytes: string, codec: { decode(bytes: Buffer): { readonly header: { readonly revision: number } } }): string {
  const message = codec.decode(Buffer.from(bytes, 'latin1'));
  const masked = { ...message, header: { revision: message.header.revision } };
  return JSON.stringify(masked, (_name, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

const puts: readonly Sequence[] = [
  ['put: new, again, empty value, value from the input, bytes that are no text',
    'put p/a 1', 'put p/a 2', { run: ['put', 'p/a', ''] }, { run: 'put p/b', input: 'from the input\n' },
    { run: ['put', 'p/\u00ff\u0001', 'line\n\u00fe'] }, 'get p/ --prefix', 'get p/ --prefix --hex', 'put p/c -- -dash', 'get p/c'],
  ['put --prev-kv in every format',
    'put pp/a 1', 'put pp/new 1 --prev-kv', ...formats.map((format) => `put pp/a ${format} --prev-kv -w ${format}`),
    protobuf('put pp/a 9 --prev-kv', 'put'), 'put pp/a 10 --prev-kv --hex'],
  ['put --ignore-value',
    'put iv/a 1', 'put iv/a --ignore-value', 'get iv/a -w fields', 'put iv/absent --ignore-value', 'put iv/a 2 --ignore-value',
    'put iv/a --ignore-value --prev-kv -w fields'],
  ['put --lease and --ignore-lease',
    { run: 'lease grant 600', take: { lease: /lease (\w+) granted/ } },
    'put il/a 1 --lease=$lease', 'get il/a -w json', 'put il/a 2 --ignore-lease', 'get il/a -w fields', 'put il/a 3', 'get il/a -w json',
    'put il/absent 1 --ignore-lease', 'put il/a 4 --lease=$lease --ignore-lease', 'put il/a 4 --lease=123', 'put il/a 4 --lease=zz',
    'put il/b --lease=$lease --ignore-value', 'lease timetolive $lease --keys -w fields', 'put il/a 5 --lease=$lease --ignore-value'].map(maskTtl) as unknown as Sequence,
  ['put: wrong input', 'put', { run: ['put', '', 'x'] }, 'put a b c', 'put a b --nope', 'put a --lease=', { run: 'put w/a', input: '' }, 'get w/a -w json'],
];

/** What is left of a lease depends on the moment. */
function maskTtl(step: string | EtcdctlStep): string | EtcdctlStep {
  if (typeof step !== 'string' || !step.startsWith('lease timetolive')) return step;
  return { run: step, mask: (output) => output.replaceAll(/"TTL" : 5\d\d/g, '"TTL" : <left>') };
}

const seed = ['put g/a 3', 'put g/b 1', 'put g/c 2', 'put g/b 4', 'put g/d 0', 'del g/c', 'put g/c 5', 'put g/e/1 x', 'put g/e/2 y', 'put g/a 6', 'put g2 z'];

const gets: readonly Sequence[] = [
  ['get: one key, absent, prefix, range, from-key', ...seed,
    'get g/a', 'get g/absent', 'get g/ --prefix', 'get g/b g/d', 'get g/d g/b', 'get g/b g/b', 'get g/c --from-key', 'get g/e/ --from-key', { run: ['get', '', '--prefix'] }, { run: ['get', '', '--from-key'] },
    { run: ['get', ''] }, { run: ['get', '', 'g/c'] }, 'get g/a --prefix --from-key', 'get g/a g/c --prefix', 'get g/a g/c --from-key'],
  ['get in every format',
    ...['get g/a', 'get g/absent', 'get g/ --prefix', 'get g/ --prefix --limit=2', 'get g/ --prefix --keys-only', 'get g/b g/d'].flatMap((run) => [
      ...formats.map((format) => `${run} -w ${format}`), ...formats.map((format) => `${run} --hex -w ${format}`), protobuf(run, 'range')])],
  ['get: sorted by every target in every order',
    ...['KEY', 'VERSION', 'CREATE', 'MODIFY', 'VALUE', 'key', 'value', 'nope'].flatMap((target) =>
      ['', ' --order=ASCEND', ' --order=DESCEND', ' --order=descend', ' --order=nope'].map((order) => `get g/ --prefix --sort-by=${target}${order}`)),
    'get g/ --prefix --order=DESCEND', 'get g/ --prefix --sort-by=VALUE --keys-only --order=DESCEND', 'get g/ --prefix --sort-by=VERSION --limit=3 -w json',
    'get g/ --prefix --order=DESCEND --limit=3 -w json', 'get g/ --prefix --sort-by=MODIFY --order=DESCEND --limit=1 -w fields'],
  ['get: limits', 'get g/ --prefix --limit=1 -w fields', 'get g/ --prefix --limit=7 -w json', 'get g/ --prefix --limit=6 -w json', 'get g/ --prefix --limit=100 -w json',
    'get g/ --prefix --limit=0 -w json', 'get g/ --prefix --limit=-1 -w json', 'get g/ --prefix --limit=9223372036854775807 -w json', 'get g/ --prefix --limit=x'],
  ['get: keys and values only', 'get g/ --prefix --keys-only', 'get g/ --prefix --print-value-only', 'get g/a --print-value-only', 'get g/ --prefix --keys-only --print-value-only',
    'get g/ --prefix --print-value-only -w json', 'get g/absent --print-value-only', 'get g/a --keys-only -w json', 'get g/ --prefix --count-only', 'get g/ --prefix --print-value-only --hex'],
  ['get: consistency', 'get g/a --consistency=l', 'get g/a --consistency=s', 'get g/ --prefix --consistency=s -w json', 'get g/a --consistency=x'],
  ['get: older revisions', { run: 'put r/a 1 -w fields', take: { rev: /"Revision" : (\d+)/ } }, 'put r/a 2', 'del r/a', 'put r/a 3', 'put r/b 1', 'get r/a --rev=$rev',
    'get r/ --prefix --rev=$rev -w fields', 'get r/a --rev=1', 'get r/a --rev=0', 'get r/a --rev=-1', 'get r/a --rev=99999', 'get r/a --rev=x', 'get r/ --prefix --rev=$rev --consistency=s',
    'get r/ --prefix --rev=$rev --sort-by=VALUE --limit=1'],
  ['get: wrong input', 'get', 'get a b c', 'get a --nope', 'get a -w nope', 'get a -w'],
];

const deletions: readonly Sequence[] = [
  ['del: one, absent, range, prefix, from-key', 'put d/a 1', 'put d/b 2', 'put d/c 3', 'put d/d 4', 'put e 5', 'put f 6', 'del d/a', 'del d/a', 'del d/c d/b', 'del d/b d/c',
    'get d/ --prefix', 'del d/ --prefix', 'del d/ --prefix', 'put z/a 1', 'put z/b 2', 'del z --from-key', 'get z --from-key', 'get e -w fields'],
  ['del --prev-kv in every format', ...[...formats].flatMap((format) => ['put dk/a 1', 'put dk/b 2', `del dk/ --prefix --prev-kv -w ${format}`]),
    'put dk/a 1', protobuf('del dk/a --prev-kv', 'deleteRange'), 'del dk/absent --prev-kv -w json', 'put dk/a 1', 'del dk/a -w json', 'put dk/a 1', 'del dk/a --prev-kv --hex', 'del dk/absent -w fields'],
  ['del: wrong input', 'del', { run: ['del', ''] }, 'del a b c', 'del a --prefix --from-key', 'del a b --prefix', 'del a b --from-key', 'del a --nope'],
  ['del: everything', { run: ['del', '', '--prefix'] }, { run: ['get', '', '--prefix', '-w', 'json'] }, 'put a 1', { run: ['del', '', '--from-key', '--prev-kv'] }, { run: ['get', '', '--prefix', '-w', 'json'] }],
];

describeWith(['etcd', 'etcdctl'], 'etcdctl on keys, compared with etcd', () => {
  compareSequences([...puts, ...gets, ...deletions]);
});
