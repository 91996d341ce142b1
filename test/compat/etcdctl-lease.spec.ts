import { describeWith } from '../support/foreign-tools';
import { compareSequences, type EtcdctlStep, type Sequence } from './etcdctl.testing';

const formats = ['simple', 'json', 'fields', 'table'] as const;

/** Grants a lease and calls it `$name`. */
function grant(ttlSeconds: number, name = 'lease'): EtcdctlStep {
  return { run: `lease grant ${ttlSeconds}`, take: { [name]: /lease (\w+) granted/ } };
}

/** What is left of a long lease depends on the moment, and etcd tells the keys in no order. */
function timeToLive(args: string): EtcdctlStep {
  return {
    run: `lease timetolive ${args}`,
    mask: (output) => output.replaceAll(/(remaining\(|ttl":|"TTL" : )(59\d|600)/g, '$1<left>')
      .replace(/(attached keys\(\[)([^\]]*)/, (_all, head: string, keys: string) => head + keys.split(' ').sort().join(' '))
      .replace(/("keys":\[)([^\]]*)/, (_all, head: string, keys: string) => head + keys.split(',').sort().join(','))
      .replace(/("Key" : [^]*)/, (keys) => keys.trim().split('\n').sort().join('\n')),
  };
}

/** The grant's id is the server's choice, and not known before the output is. */
function maskIds(output: string): string {
  return output.replaceAll(/(lease |"ID"\s*:\s*|"id":)[0-9a-f]{8,}/g, '$1<lease>');
}

const sequences: readonly Sequence[] = [
  ['grant', grant(100), grant(1), grant(2, 'two'), ...[0, -5].map((ttl): EtcdctlStep => ({ run: `lease grant -- ${ttl}`, mask: maskIds })),
    ...formats.map((format): EtcdctlStep => ({ run: `lease grant 100 -w ${format}`, mask: maskIds })),
    'lease grant', 'lease grant x', 'lease grant 1 2', { run: 'lease grant 9000000000', mask: maskIds }, 'lease grant 9000000001', 'lease grant 99999999999999999999'],
  ['timetolive', grant(600), timeToLive('$lease'), timeToLive('$lease --keys'), 'put l/b 1 --lease=$lease', 'put l/a 2 --lease=$lease', ...formats.flatMap((format) => [timeToLive(`$lease --keys -w ${format}`), timeToLive(`$lease -w ${format}`)]),
    'lease timetolive 1234', ...formats.map((format) => `lease timetolive 1234 -w ${format} --keys`), 'lease timetolive', 'lease timetolive zz', 'del l/a', timeToLive('$lease --keys'), 'put l/b 3', timeToLive('$lease --keys')],
  ['keep-alive --once', grant(600), 'lease keep-alive --once $lease', 'lease keep-alive --once 1234', ...formats.map((format) => `lease keep-alive --once $lease -w ${format}`), 'lease keep-alive', 'lease keep-alive zz'],
  ['keep-alive goes on', grant(2), { run: 'lease keep-alive $lease', until: /(keepalived with TTL\(2\)\n[^]*){3}/, mask: firstThree }, 'lease revoke $lease', 'lease keep-alive $lease'],
  ['revoke takes the keys', grant(600), 'put l/r1 1 --lease=$lease', 'put l/r2 2 --lease=$lease', 'put l/r3 3', 'get l/r --prefix -w fields', 'lease revoke $lease', 'get l/r --prefix -w fields', 'lease revoke $lease',
    'lease timetolive $lease', 'put l/r1 1 --lease=$lease', grant(600), 'lease revoke $lease -w json', grant(600), 'lease revoke $lease -w fields', 'lease revoke 1234', 'lease revoke', 'lease revoke zz', 'lease revoke 1234 -w json'],
  ['a key moves between leases', grant(600), grant(600, 'other'), 'put l/m 1 --lease=$lease', 'put l/m 2 --lease=$other', 'lease revoke $lease', 'get l/m -w json', 'put l/m 3', 'lease revoke $other', 'get l/m -w json'],
  ['list', { run: 'lease list', mask: countLeases }, { run: 'lease list -w json', mask: countLeases }, { run: 'lease list extra', mask: countLeases }, 'lease', 'lease nope'],
  ['expiry takes the keys and is watched', grant(2), { run: 'put l/x/1 a --lease=$lease -w fields', take: { rev: /"Revision" : (\d+)/ } }, 'put l/x/2 b --lease=$lease', 'put l/x/3 c',
    { run: 'watch l/x/ --prefix --prev-kv --rev=$rev', until: /(DELETE\n[^]*){2}l\/x\/2\nb\n/ }, 'get l/x/ --prefix -w fields', 'lease timetolive $lease'],
  ['a renewed lease does not expire, a re-put key survives', grant(2), 'put l/y/1 a --lease=$lease', 'put l/y/2 b --lease=$lease', 'put l/y/2 c', { run: 'lease keep-alive $lease', until: /(keepalived[^]*){5}/, mask: firstThree },
    'get l/y/ --prefix --keys-only', { run: 'watch l/y/1 --rev=1', until: /DELETE\n/ }, 'get l/y/ --prefix --keys-only'],
];

/** How many more renewals happened before the interrupt depends on the moment. */
function firstThree(output: string): string {
  return output.split('\n').slice(0, 3).join('\n');
}

/** The ids differ: how many there are. */
function countLeases(output: string): string {
  return output.replaceAll(/\b[0-9a-f]{14,16}\b|\b\d{17,19}\b/g, '<lease>');
}

describeWith(['etcd', 'etcdctl'], 'etcdctl lease, compared with etcd', () => {
  compareSequences(sequences);
});
