import { services } from '@quorate/wire';
import { describeWith } from '../support/foreign-tools';
import type { RawClient } from './raw-client.testing';
import { call, type CallCase, compareCalls, metadataOf, RawPair, withoutColon } from './raw-comparison.testing';

const { KV, Lease } = services;
const MIN_INT64 = -(2n ** 63n);

const grants: readonly CallCase[] = [
  call('grant: an id given', Lease.LeaseGrant, { id: 7n, ttlSeconds: 100 }), call('grant: the same id', Lease.LeaseGrant, { id: 7n, ttlSeconds: 100 }), call('grant: negative id', Lease.LeaseGrant, { id: -7n, ttlSeconds: 100 }), call('grant: smallest id', Lease.LeaseGrant, { id: MIN_INT64, ttlSeconds: 100 }),
  call('grant: largest id', Lease.LeaseGrant, { id: 2n ** 63n - 1n, ttlSeconds: 100 }), call('grant: no TTL', Lease.LeaseGrant, { id: 8n, ttlSeconds: 0 }), call('grant: TTL 1', Lease.LeaseGrant, { id: 9n, ttlSeconds: 1 }), call('grant: negative TTL', Lease.LeaseGrant, { id: 10n, ttlSeconds: -100 }),
  call('grant: largest TTL', Lease.LeaseGrant, { id: 11n, ttlSeconds: 9_000_000_000 }), call('grant: TTL too large', Lease.LeaseGrant, { id: 12n, ttlSeconds: 9_000_000_001 }), call('grant: TTL far too large', Lease.LeaseGrant, { id: 12n, ttlSeconds: Number.MAX_SAFE_INTEGER }), call('grant: same id and TTL too large', Lease.LeaseGrant, { id: 7n, ttlSeconds: 9_000_000_001 }),
  call('grant: id of the server\'s choice', Lease.LeaseGrant, { ttlSeconds: 100 }, { without: ['id'] }),
];

const uses: readonly CallCase[] = [
  call('put with it', KV.Put, { key: 'l/a', lease: 7n }), call('put with a negative one', KV.Put, { key: 'l/n', lease: -7n }), call('put with the smallest', KV.Put, { key: 'l/s', lease: MIN_INT64 }), call('what is in them', KV.Range, { key: 'l/', rangeEnd: 'l0' }),
  ...[7n, -7n, MIN_INT64, 99n, 0n].flatMap((id) => [call(`time to live of ${id}`, Lease.LeaseTimeToLive, { id, keys: true }, { without: ['ttlSeconds'] }), call(`time to live of ${id} without keys`, Lease.LeaseTimeToLive, { id }, { without: ['ttlSeconds'] })]),
  call('time to live of an unknown one', Lease.LeaseTimeToLive, { id: 99n, keys: true }), call('time to live of the largest', Lease.LeaseTimeToLive, { id: 11n }),
  call('compare with a lease', KV.Txn, { compare: [{ key: 'l/a', result: 0, target: 4, lease: 7n }, { key: 'l/n', result: 2, target: 4, lease: 0n }, { key: 'l/', rangeEnd: 'l0', result: 3, target: 4, lease: 8n }], success: [], failure: [] }),
  call('compare with another lease', KV.Txn, { compare: [{ key: 'l/a', result: 1, target: 4, lease: 7n }], success: [], failure: [] }),
  call('revoke: unknown', Lease.LeaseRevoke, { id: 99n }), call('revoke: nothing', Lease.LeaseRevoke, { id: 0n }), call('revoke', Lease.LeaseRevoke, { id: -7n }), call('revoke: again', Lease.LeaseRevoke, { id: -7n }), call('grant after revoke', Lease.LeaseGrant, { id: -7n, ttlSeconds: 50 }),
  call('what is left', KV.Range, { key: 'l/', rangeEnd: 'l0' }), call('put with an ended one', KV.Put, { key: 'l/x', lease: 99n }), call('lease list', Lease.LeaseLeases, {}, { without: ['ids'] }), call('with a leader wanted', Lease.LeaseGrant, { id: 20n, ttlSeconds: 60 }, { metadata: { hasleader: 'true' } }),
  call('with a leader wanted by another word', Lease.LeaseGrant, { id: 21n, ttlSeconds: 60 }, { metadata: { hasleader: 'yes' } }),
];

describeWith(['etcd'], 'raw lease calls, compared with etcd', () => {
  compareCalls([...grants, ...uses]);
});

describeWith(['etcd'], 'lease streams, compared with etcd', () => {
  let servers: RawPair;
  beforeAll(async () => { servers = await RawPair.start(); }, 70_000);
  afterAll(() => servers?.stop());

  async function keepAlive(client: RawClient, ids: readonly bigint[], fields: Record<string, string> = {}): Promise<unknown[]> {
    const stream = client.open(Lease.LeaseKeepAlive, metadataOf(fields));
    for (const id of ids) stream.send({ id });
    const answers: unknown[] = [];
    for (const _ of ids) answers.push(await stream.next());
    stream.halfClose();
    answers.push(await stream.next());
    return answers;
  }

  it('keep-alive: known, unknown, zero, negative, many, in the order of the requests', () => servers.expectSame(async (client) => {
    await client.ask(Lease.LeaseGrant, { id: 1n, ttlSeconds: 100 });
    await client.ask(Lease.LeaseGrant, { id: -2n, ttlSeconds: 200 });
    return keepAlive(client, [1n, 5n, 0n, -2n, -5n, 1n, 1n, ...Array.from({ length: 500 }, (_, at) => BigInt(at % 3))]);
  }));

  it('keep-alive of a lease revoked meanwhile', () => servers.expectSame(async (client) => {
    await client.ask(Lease.LeaseGrant, { id: 3n, ttlSeconds: 100 });
    const stream = client.open(Lease.LeaseKeepAlive);
    stream.send({ id: 3n });
    const before = await stream.next();
    await client.ask(Lease.LeaseRevoke, { id: 3n });
    stream.send({ id: 3n });
    const after = await stream.next();
    stream.cancel();
    return [before, after];
  }));

  it('keep-alive with a leader wanted, and without a request', () => servers.expectSame(async (client) => [
    await keepAlive(client, [1n], { hasleader: 'true' }), await keepAlive(client, []),
  ]));

  it('keep-alive: no message that can be read', () => servers.expectSame(async (client) => {
    const stream = client.open(Lease.LeaseKeepAlive);
    stream.sendBytes(Buffer.from([0x0a, 0xff]));
    return withoutColon(await stream.next());
  }));

  it('an expired lease: its keys go in one revision, and it is unknown', () => servers.expectSame(async (client) => {
    await client.ask(Lease.LeaseGrant, { id: 4n, ttlSeconds: 2 });
    for (const key of ['e/b', 'e/a', 'e/c']) await client.ask(KV.Put, { key, value: Buffer.from('x'), lease: 4n });
    const stream = client.open(services.Watch.Watch);
    stream.send({ type: 'create', request: { key: 'e/', rangeEnd: 'e0', watchId: 0, fragment: false, prevKv: true } });
    const seen = [await stream.next(), await stream.next()];
    stream.cancel();
    return [seen, await keepAlive(client, [4n]), await client.try(Lease.LeaseTimeToLive, { id: 4n }), await client.try(Lease.LeaseRevoke, { id: 4n }), await client.try(KV.Put, { key: 'e/d', value: Buffer.alloc(0), lease: 4n })];
  }), 30_000);
});
