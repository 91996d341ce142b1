import fs from 'node:fs';
import { once } from 'node:events';
import { Etcd3, EtcdLeaseInvalidError, EtcdLockFailedError, GRPCUnavailableError, type IKeyValue, type SoftwareTransaction, STMConflictError, type Watcher } from 'etcd3';
import { freePort, type ServerProcess, startQuorate } from '../support/server-process';

let server: ServerProcess;
let client: Etcd3;

beforeAll(async () => { server = await startQuorate(); }, 70_000);
afterAll(async () => {
  await server.end('SIGKILL');
  fs.rmSync(server.dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  client = new Etcd3({ hosts: server.url });
  await client.delete().all();
});
afterEach(() => { client.close(); });

describe('the etcd3 client: keys', () => {
  it('puts and gets strings, buffers, numbers and JSON', async () => {
    await client.put('s').value('text');
    await client.put('b').value(Buffer.from([0, 255, 10]));
    await client.put('n').value(42);
    await client.put('j').value(JSON.stringify({ a: [1] }));
    expect(await client.get('s').string()).toBe('text');
    expect(await client.get('b').buffer()).toEqual(Buffer.from([0, 255, 10]));
    expect(await client.get('n').number()).toBe(42);
    expect(await client.get('j').json()).toEqual({ a: [1] });
    expect(await client.get('absent')).toBeNull();
    expect(await client.get('s').exists()).toBe(true);
    expect(await client.get('absent').exists()).toBe(false);
  });

  it('tells the previous value of a put and of a deletion, and touches', async () => {
    await client.put('p').value('1');
    expect((await client.put('p').value('2').getPrevious())?.value.toString()).toBe('1');
    await client.put('p').touch();
    const { kvs: [kv] } = await client.get('p').exec();
    expect(kv).toMatchObject({ version: '3', value: Buffer.from('2') });
    expect((await client.delete().key('p').getPrevious()).map(({ value }: IKeyValue) => value.toString())).toEqual(['2']);
    expect(await client.delete().key('p').exec()).toMatchObject({ deleted: '0' });
  });

  it('lists by prefix, range, limit, order, revision; counts; keys only', async () => {
    for (const [key, value] of [['k/a', '3'], ['k/b', '1'], ['k/c', '2'], ['other', 'x']] as const) await client.put(key).value(value);
    const { header: { revision } } = await client.get('k/a').exec();
    await client.put('k/a').value('9');
    expect(await client.getAll().prefix('k/').strings()).toEqual({ 'k/a': '9', 'k/b': '1', 'k/c': '2' });
    expect(await client.getAll().prefix('k/').revision(revision).sort('Value', 'Descend').keys()).toEqual(['k/a', 'k/c', 'k/b']);
    expect(await client.getAll().inRange({ start: 'k/b', end: 'k/d' }).keys()).toEqual(['k/b', 'k/c']);
    expect(await client.getAll().limit(2).keys()).toEqual(['k/a', 'k/b']);
    expect(await client.getAll().prefix('k/').count()).toBe(3);
    expect(await client.getAll().minModRevision(Number(revision) + 1).keys()).toEqual(['k/a']);
    expect(await client.getAll().prefix('k/').sort('Mod', 'Ascend').keyBuffers()).toEqual(['k/b', 'k/c', 'k/a'].map((key) => Buffer.from(key)));
  });

  it('keeps a namespace apart', async () => {
    const app = client.namespace('app/');
    await app.put('x').value('1');
    await client.put('x').value('0');
    expect(await client.get('app/x').string()).toBe('1');
    expect(await app.getAll().strings()).toEqual({ x: '1' });
    await app.delete().all();
    expect(await client.getAll().strings()).toEqual({ x: '0' });
  });
});

describe('the etcd3 client: transactions', () => {
  it('takes one branch or the other, also in one nested', async () => {
    await client.put('t').value('1');
    const run = (): Promise<{ succeeded: boolean }> => client.if('t', 'Value', '==', '1').and('t', 'Version', '<', 5).then(client.put('t').value('2'), client.put('u').value('x')).else(client.get('t'), client.delete().key('u')).commit();
    expect(await run()).toMatchObject({ succeeded: true });
    const second = await run() as { succeeded: boolean; responses: { response_range?: { kvs: IKeyValue[] } }[] };
    expect(second.succeeded).toBe(false);
    expect(second.responses[0]?.response_range?.kvs[0]?.value.toString()).toBe('2');
    expect(await client.getAll().strings()).toEqual({ t: '2' });
  });

  it('repeats a software transaction until nothing came between', async () => {
    await client.put('count').value('0');
    const add = (): Promise<void> => client.stm({ retries: 50, isolation: 2 }).transact(async (tx: SoftwareTransaction) => {
      await tx.put('count').value(Number(await tx.get('count').string()) + 1);
    }) as Promise<void>;
    await Promise.all(Array.from({ length: 10 }, add));
    expect(await client.get('count').number()).toBe(10);
  });

  it('gives up a software transaction without repeats', async () => {
    await client.put('c').value('0');
    await expect(client.stm({ retries: 0 }).transact(async (tx: SoftwareTransaction) => {
      const value = await tx.get('c').string();
      await client.put('c').value('between');
      await tx.put('c').value(`${value}!`);
    })).rejects.toThrow(STMConflictError);
    expect(await client.get('c').string()).toBe('between');
  });
});

describe('the etcd3 client: leases, locks, elections', () => {
  it('keeps a lease alive past its TTL, and its keys end with it', async () => {
    const lease = client.lease(2);
    await lease.put('leased').value('1');
    await once(lease, 'keepaliveSucceeded');
    await once(lease, 'keepaliveSucceeded');
    expect(await client.get('leased').string()).toBe('1');
    await lease.revoke();
    expect(await client.get('leased').string()).toBeNull();
  });

  it('says that a lease is lost', async () => {
    const lease = client.lease(2);
    const id = await lease.grant();
    const lost = once(lease, 'lost');
    await client.leaseClient.leaseRevoke({ ID: id });
    expect((await lost)[0]).toBeInstanceOf(EtcdLeaseInvalidError);
    await expect(lease.put('x').value('1').exec()).rejects.toThrow(EtcdLeaseInvalidError);
  });

  it('lets one holder have a lock', async () => {
    const first = client.lock('resource');
    await first.acquire();
    await expect(client.lock('resource').acquire()).rejects.toThrow(EtcdLockFailedError);
    await first.release();
    expect(await client.lock('resource').do(() => Promise.resolve('done'))).toBe('done');
  });

  it('elects in the order of the campaigns', async () => {
    const election = client.election('singleton', 5);
    const first = election.campaign('one');
    await once(first, 'elected');
    const observer = await election.observe();
    expect(await election.leader()).toBe('one');
    const second = election.campaign('two');
    const changed = new Promise<void>((resolve) => { observer.on('change', (value?: string) => { if (value === 'two') resolve(); }); });
    const elected = once(second, 'elected');
    await first.resign();
    await elected;
    await changed;
    await observer.cancel();
    await second.resign();
    expect(await election.leader()).toBeUndefined();
  });
});

describe('the etcd3 client: watches', () => {
  it('sees puts and deletions, previous values, and nothing else', async () => {
    await client.put('w/a').value('0');
    const watcher = await client.watch().prefix('w/').withPreviousKV().create();
    const seen = collect(watcher);
    await client.put('w/a').value('1');
    await client.put('x').value('unseen');
    await client.delete().key('w/a');
    await client.put('w/b').value('2');
    await seen.until(3);
    expect(seen.lines).toEqual(['put w/a=1 was 0', 'delete w/a= was 1', 'put w/b=2 was ']);
    await watcher.cancel();
  });

  it('starts in the past, and only for puts', async () => {
    const { header: { revision } } = await client.put('h/a').value('1');
    await client.put('h/a').value('2');
    await client.delete().key('h/a');
    await client.put('h/b').value('3');
    const watcher = await client.watch().prefix('h/').startRevision(revision).only('put').create();
    const seen = collect(watcher);
    await seen.until(3);
    expect(seen.lines).toEqual(['put h/a=1 was ', 'put h/a=2 was ', 'put h/b=3 was ']);
    await watcher.cancel();
  });

  it('goes on without loss or repetition when the server is killed and comes back, several times', async () => {
    const port = await freePort();
    let member = await startQuorate({ port });
    const { dataDir } = member;
    const watching = new Etcd3({ hosts: member.url });
    const writing = new Etcd3({ hosts: member.url });
    try {
      const watcher = await watching.watch().prefix('r/').create();
      const seen = collect(watcher);
      let written = 0;
      const write = async (): Promise<void> => { await writing.put(`r/${String(written).padStart(3, '0')}`).value('x'); written++; };
      for (let round = 0; round < 3; round++) {
        for (let at = 0; at < 10; at++) await write();
        // Half of the rounds, the watcher has not read all of it yet.
        if (round % 2 === 0) await seen.until(written);
        await member.end('SIGKILL');
        member = await startQuorate({ port, dataDir });
        // Until the client has found the server again.
        while (!await write().then(() => true, (error: Error) => { if (!(error instanceof GRPCUnavailableError)) throw error; return false; }));
      }
      await seen.until(written);
      await write();
      await seen.until(written);
      expect(seen.lines).toEqual(Array.from({ length: written }, (_, at) => `put r/${String(at).padStart(3, '0')}=x was `));
      await watcher.cancel();
    } finally {
      watching.close();
      writing.close();
      await member.end('SIGKILL');
      fs.rmSync(dataDir, { recursive: true, force: true });
    }
  }, 90_000);
});

describe('the etcd3 client: errors', () => {
  it('has the classes that belong to them', async () => {
    await expect(client.get('').exec()).rejects.toThrow('etcdserver: key is not provided');
    await expect(client.put('a').value('1').lease('123').exec()).rejects.toThrow(EtcdLeaseInvalidError);
    await expect(client.getAll().revision(999_999).exec()).rejects.toThrow('etcdserver: mvcc: required revision is a future revision');
    const gone = new Etcd3({ hosts: `http://127.0.0.1:${await freePort()}` });
    await expect(gone.get('a').exec()).rejects.toThrow(GRPCUnavailableError);
    gone.close();
  });
});

interface Collected {
  readonly lines: string[];
  until(count: number): Promise<void>;
}

function collect(watcher: Watcher): Collected {
  const lines: string[] = [];
  let wake: (() => void) | undefined;
  const note = (kind: string) => (kv: IKeyValue, previous?: IKeyValue): void => {
    lines.push(`${kind} ${kv.key.toString()}=${kv.value.toString()} was ${previous?.value.toString() ?? ''}`);
    wake?.();
  };
  watcher.on('put', note('put'));
  watcher.on('delete', note('delete'));
  return {
    lines,
    until: async (count) => { while (lines.length < count) await new Promise<void>((resolve) => { wake = resolve; }); },
  };
}
