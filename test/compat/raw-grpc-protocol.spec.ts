import { type Codec, services } from '@quorate/wire';
import { describeWith } from '../support/foreign-tools';
import type { RawClient } from './raw-client.testing';
import { call, compareCalls, metadataOf, RawPair, refusal, withoutColon } from './raw-comparison.testing';

const { Auth, Cluster, Health, KV, Lease, Maintenance, Watch, Lock, Election } = services;
const key = { key: 'a' };

const operators = [
  call('member list', Cluster.MemberList, { linearizable: true }), call('member list, local', Cluster.MemberList, {}),
  call('move leader: to nobody', Maintenance.MoveLeader, { targetId: 0n }), call('move leader: to a stranger', Maintenance.MoveLeader, { targetId: 5n }),
  call('hash at a later revision', Maintenance.HashKV, { revision: 1000 }), call('hash at a negative revision', Maintenance.HashKV, { revision: -1 }, { without: ['hash', 'hashRevision'] }),
  call('alarm: list', Maintenance.Alarm, { action: 0, memberId: 0n, alarm: 0 }, { differs: { because: '3.4 sends no header here', etcd: { response: { alarms: [] } }, quorate: { response: { alarms: [], header: { revision: 1 } } } } }),
  call('alarm: one that is not raised is taken back', Maintenance.Alarm, { action: 2, memberId: 1n, alarm: 1 }, { without: ['header'] }),
  call('alarm: raised', Maintenance.Alarm, { action: 1, memberId: 1n, alarm: 1 }, { without: ['header'] }), call('alarm: raised again', Maintenance.Alarm, { action: 1, memberId: 1n, alarm: 1 }, { without: ['header'] }),
  call('alarm: raised by the other member', Maintenance.Alarm, { action: 1, memberId: 2n, alarm: 1 }, { without: ['header'] }), call('alarm: all', Maintenance.Alarm, { action: 0, memberId: 0n, alarm: 0 }, { without: ['header'], sorted: 'alarms' }), call('alarm: only NOSPACE', Maintenance.Alarm, { action: 0, memberId: 0n, alarm: 1 }, { without: ['header'], sorted: 'alarms' }), call('alarm: only CORRUPT', Maintenance.Alarm, { action: 0, memberId: 0n, alarm: 2 }, { without: ['header'] }),
  call('alarm: put while raised', KV.Put, key), call('alarm: lease while raised', Lease.LeaseGrant, { id: 1n, ttlSeconds: 10 }), call('alarm: range while raised', KV.Range, key), call('alarm: delete while raised', KV.DeleteRange, key), call('alarm: status while raised', Maintenance.Status, {}, { without: ['version', 'dbSizeBytes', 'dbSizeInUseBytes', 'dbSizeQuotaBytes', 'storageVersion', 'downgradeInfo', 'raftIndex', 'raftAppliedIndex', 'raftTerm', 'leader'] }),
  call('alarm: taken back', Maintenance.Alarm, { action: 2, memberId: 1n, alarm: 1 }, { without: ['header'] }), call('alarm: put while the other\'s is raised', KV.Put, key), call('alarm: the other\'s taken back', Maintenance.Alarm, { action: 2, memberId: 2n, alarm: 1 }, { without: ['header'] }), call('alarm: put again', KV.Put, key),
  call('health: all', Health.Check, { service: '' }), call('health: a service', Health.Check, { service: 'etcdserverpb.KV' }), call('health: unknown', Health.Check, { service: 'nope' }),
];

describeWith(['etcd'], 'raw calls for operators, compared with etcd', () => {
  compareCalls(operators);
});

/** Any bytes for any path. */
const anything = { decode: (bytes: Buffer) => bytes } as Codec<Buffer>;
const send = (client: RawClient, path: string, message: Buffer, fields: Record<string, string> = {}): Promise<unknown> =>
  client.tryBytes({ path, response: anything }, message, metadataOf(fields)).then(withoutColon);

describeWith(['etcd'], 'what is no proper call, compared with etcd', () => {
  let servers: RawPair;
  beforeAll(async () => { servers = await RawPair.start(); }, 70_000);
  afterAll(() => servers?.stop());

  it.each<[string, string, number[]]>([
    ['no protobuf', KV.Range.path, [0xff, 0xff, 0xff]], ['a length beyond the end', KV.Put.path, [0x0a, 0x05, 0x61]], ['a negative length', KV.Put.path, [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a varint without end', KV.Range.path, [0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]], ['a field number of zero', KV.Range.path, [0x02, 0x00]], ['a wrong wire type', KV.Put.path, [0x08, 0x01]], ['an end of no group', KV.Put.path, [0x0c]],
    ['a wrong wire type inside', KV.Txn.path, [0x0a, 0x02, 0x1d, 0x01]], ['an unknown wire type', KV.Put.path, [0x0a, 0x01, 0x61, 0x7f]], ['a message that is cut', KV.Txn.path, [0x12, 0x07, 0x12, 0x05, 0x0a, 0x01]],
  ])('no message: %s', async (_name, path, bytes) => servers.expectSame((client) => send(client, path, Buffer.from(bytes))));

  it('a message of no bytes, and unknown fields', async () => {
    await servers.expectSame((client) => send(client, KV.Range.path, Buffer.alloc(0)));
    await servers.expectSame((client) => send(client, KV.Range.path, Buffer.from([0x0a, 0x01, 0x61, 0xfa, 0x3f, 0x01, 0x78])).then((answer) => Object.keys(answer as object)));
  });

  it.each(['/etcdserverpb.KV/Nope', '/etcdserverpb.Nope/Range', '//', '/etcdserverpb.KV/', '/etcdserverpb.kv/Range', '/etcdserverpb.KV/Range/x'])('an unknown path: %s', async (path) => {
    await servers.expectSame((client) => send(client, path, Buffer.alloc(0)));
  });

  // The gRPC library of etcd 3.4 calls this ResourceExhausted, later ones Unimplemented.
  it.each(['/nope', '/', '/etcdserverpb.KV'])('a malformed path: %s', async (path) => {
    const { etcd, quorate } = await servers.both((client) => send(client, path, Buffer.alloc(0)));
    expect(etcd).toEqual(refusal(8, `malformed method name: "${path}"`));
    expect(quorate).toEqual(refusal(12, `malformed method name: "${path}"`));
  });

  // etcd 3.4 looks at a token even where there are no users; from 3.5 on it does not, nor does ours.
  it.each([{ token: 'nope' }, { authorization: 'Bearer x' }])('a token where there are no users: %o', async (fields) => {
    const { etcd, quorate } = await servers.both((client) => client.try(KV.Range, key, metadataOf(fields)));
    expect(etcd).toEqual(refusal(16, 'etcdserver: invalid auth token'));
    expect(quorate).toMatchObject({ response: { count: 0 } });
  });

  it.each([{ hasleader: 'true' }, { hasleader: 'TRUE' }, { hasleader: '' }, { 'client-api-version': '3.5.0' }, { 'user-bin': Buffer.from([0xff]) }])('metadata %o', async (fields) => {
    await servers.expectSame((client) => client.try(KV.Range, key, metadataOf(fields)));
    await servers.expectSame((client) => client.try(Lease.LeaseLeases, {}, metadataOf(fields)));
  });

  it('a request of the largest size and beyond: unary and on streams', async () => {
    for (const bytes of [1_572_000, 1_572_864, 1_573_500, 2_097_100, 2_097_152, 2_097_200, 5_000_000]) {
      await servers.expectSame((client) => client.try(KV.Put, { key: 'big', value: Buffer.alloc(bytes) }).then(withoutRevision));
    }
    await servers.expectSame(async (client) => {
      const stream = client.open(Watch.Watch);
      stream.send({ type: 'create', request: { key: 'k'.repeat(3_000_000), watchId: 0, fragment: false } });
      return stream.next();
    });
    await servers.expectSame((client) => client.try(KV.Range, { key: 'k'.repeat(2_000_000) }));
  }, 30_000);

  it('users and locks, which are not there yet, are answered as unknown methods', async () => {
    const { quorate } = await servers.both(async (client, server) => server.kind === 'etcd' ? [] : [
      await client.try(Auth.AuthStatus, {}), await client.try(Auth.UserAdd, { name: 'a', password: 'b', hashedPassword: '' }),
      await client.try(Auth.Authenticate, { name: 'a', password: 'b' }), await client.try(Lock.Lock, { name: 'l', lease: 0n }), await client.try(Election.Leader, { name: 'l' }),
    ]);
    expect(quorate).toMatchObject([
      { response: { enabled: false } }, refusal(12, 'unknown method UserAdd for service etcdserverpb.Auth'), refusal(12, 'unknown method Authenticate for service etcdserverpb.Auth'), { code: 12 }, { code: 12 },
    ]);
  });
});

function withoutRevision(answer: object): unknown {
  return 'response' in answer ? 'taken' : answer;
}
