import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ApiError, type Watch } from '@quorate/api';
import { RemoteApi, type RemoteApiOptions } from '@quorate/client';
import { freePort, type ServerProcess, startQuorate } from '../support/server-process';
import { CuttingProxy } from './cutting-proxy.testing';

const value = (text: string): Buffer => Buffer.from(text);

describe('RemoteApi over connections that fail', () => {
  let server: ServerProcess;
  let direct: RemoteApi;
  const opened: { close(): void }[] = [];
  const proxies: CuttingProxy[] = [];
  let tests = 0;
  let prefix: string;

  beforeAll(async () => {
    server = await startQuorate({ flags: ['--watch-progress-notify-interval=200ms'] });
    direct = new RemoteApi({ endpoints: [server.endpoint] });
  }, 60_000);
  afterAll(async () => {
    direct.close();
    await server.end('SIGTERM');
    await rm(server.dataDir, { recursive: true, force: true });
  });
  beforeEach(() => { prefix = `client/${tests++}/`; });
  afterEach(async () => {
    for (const one of opened.splice(0)) one.close();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  });

  const proxy = async (): Promise<CuttingProxy> => {
    const started = await CuttingProxy.start(server.endpoint);
    proxies.push(started);
    return started;
  };
  const client = (endpoints: readonly string[], options: Partial<RemoteApiOptions> = {}): RemoteApi => {
    const api = new RemoteApi({ endpoints, ...options });
    opened.push(api);
    return api;
  };
  const put = async (name: string): Promise<number> => (await direct.put({ key: prefix + name, value: value(name) })).header.revision;
  const range = (): { readonly key: string; readonly rangeEnd: string } => ({ key: prefix, rangeEnd: `${prefix.slice(0, -1)}0` });
  const revisionsUntil = async (watch: Watch, last: number): Promise<number[]> => {
    const seen: number[] = [];
    for await (const batch of watch) {
      if (batch.type === 'progress') continue;
      seen.push(batch.revision);
      if (batch.type !== 'events' || batch.revision >= last) break;
    }
    return seen;
  };

  it('carries watches over broken streams without loss or repetition', async () => {
    const way = await proxy();
    const api = client([way.endpoint]);
    const watches = await Promise.all([1, 2, 3].map(() => api.watch(range())));
    const revisions: number[] = [];
    for (let at = 0; at < 60; at++) {
      revisions.push(await put(`k${at}`));
      if (at % 10 === 4) way.cut();
    }
    const seen = await Promise.all(watches.map((watch) => revisionsUntil(watch, revisions.at(-1) as number)));
    expect(seen).toEqual([revisions, revisions, revisions]);
  });

  it('tells a watch that history has gone while it was away', async () => {
    const way = await proxy();
    const api = client([way.endpoint]);
    const watch = await api.watch(range());
    way.fallSilent();
    way.cut();
    await put('missed');
    const last = await put('kept');
    await direct.compact({ revision: last });
    way.heal();
    way.cut();
    const ending: unknown[] = [];
    for await (const batch of watch) ending.push(batch);
    expect(ending).toEqual([expect.objectContaining({ type: 'compacted', compactRevision: last })]);
  });

  it('goes to another endpoint when one cannot be reached, falls silent or breaks', async () => {
    const [first, second] = [await proxy(), await proxy()];
    const nowhere = `127.0.0.1:${await freePort()}`;
    const api = client([nowhere, first.endpoint, second.endpoint], { keepaliveTimeMs: 300, keepaliveTimeoutMs: 300, dialTimeoutMs: 1000 });
    const watch = await api.watch(range());
    const revisions = [await put('a')];
    first.fallSilent();
    revisions.push(await put('b'));
    second.cut();
    revisions.push(await put('c'));
    expect(await revisionsUntil(watch, revisions[2] as number)).toEqual(revisions);
    expect((await api.range(range())).count).toBe(3);
    await first.stop();
    proxies.splice(proxies.indexOf(first), 1);
    expect((await api.range(range())).count).toBe(3);
  });

  it('says that a write was not carried out when nobody could be reached', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`;
    const write = (options: Partial<RemoteApiOptions>): Promise<unknown> => client([nowhere], options).put({ key: prefix, value: value('') });
    const refused: unknown = expect.objectContaining({ name: 'ApiError', code: 'unreachable', outcome: 'not_applied', message: expect.stringContaining(nowhere) as unknown });
    await expect(write({ requestTimeoutMs: 300 })).rejects.toEqual(refused);
    await expect(write({ failFast: true })).rejects.toEqual(refused);
    await expect(client([nowhere], { failFast: true }).watch(range())).rejects.toEqual(refused);
    await expect(client([nowhere], { failFast: true }).leaseKeepAlive(1n)).rejects.toEqual(refused);
  });

  it('sends a write once, and says that its outcome is unknown when the answer is lost', async () => {
    const way = await proxy();
    const api = client([way.endpoint]);
    await api.range(range());
    const seen = await direct.watch(range());
    way.muteServer();
    const lost = api.put({ key: `${prefix}once`, value: value('') }).catch((error: unknown) => error);
    for await (const batch of seen) if (batch.type === 'events') break;
    way.cut();
    const error = await lost;
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ outcome: 'unknown' });
    way.heal();
    expect((await api.range(range())).kvs).toEqual([expect.objectContaining({ version: 1 })]);
  });

  it('repeats a read and a renewal whose answers were lost', async () => {
    const way = await proxy();
    const api = client([way.endpoint]);
    const { id } = await api.leaseGrant({ ttlSeconds: 600 });
    await api.leaseKeepAlive(id);
    way.cut();
    expect((await api.range(range())).count).toBe(0);
    way.cut();
    expect(await api.leaseKeepAlive(id)).toMatchObject({ id, ttlSeconds: 600 });
    await direct.leaseRevoke(id);
  });

  it('keeps to deadlines and signals where a member says nothing', async () => {
    const way = await proxy();
    const api = client([way.endpoint], { requestTimeoutMs: 300 });
    await api.range(range());
    way.fallSilent();
    await expect(api.put({ key: prefix, value: value('') })).rejects.toMatchObject({ code: 'deadline_exceeded', outcome: 'unknown' });
    await expect(api.leaseKeepAlive(1n)).rejects.toMatchObject({ outcome: 'unknown' });
    await expect(api.watch(range())).rejects.toBeInstanceOf(ApiError);
    const patient = client([way.endpoint], { requestTimeoutMs: Infinity, dialTimeoutMs: 60_000 });
    const gone = new AbortController();
    const waiting = patient.range(range(), { signal: gone.signal });
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('ends everything when it is closed', async () => {
    const api = client([server.endpoint]);
    const watch = await api.watch(range());
    const reading = revisionsUntil(watch, Infinity);
    api.close();
    expect(await reading).toEqual([]);
    await expect(api.range(range())).rejects.toMatchObject({ code: 'cancelled' });
    await expect(api.watch(range())).rejects.toMatchObject({ code: 'cancelled' });
    await expect(api.leaseKeepAlive(1n)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('leaves nothing behind that keeps a process alive', async () => {
    const library = path.resolve(__dirname, '../../dist/libs/client/src/index.js');
    const script = `
      const { RemoteApi } = require(${JSON.stringify(library)});
      (async () => {
        const api = new RemoteApi({ endpoints: ['127.0.0.1:${await freePort()}', ${JSON.stringify(server.endpoint)}] });
        const watch = await api.watch({ key: 'handle' });
        await api.put({ key: 'handle', value: Buffer.from('x') });
        for await (const batch of watch) if (batch.type === 'events') break;
        const { id } = await api.leaseGrant({ ttlSeconds: 60 });
        await api.leaseKeepAlive(id);
        await api.watch({ key: 'handle' });
        api.close();
        process.stdout.write('closed');
      })();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { timeout: 15_000 });
    expect(stdout).toBe('closed');
  });

  it('ends a call at once when its caller had gone before', async () => {
    await expect(direct.range(range(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    await expect(direct.watch(range(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });
});
