import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { Etcd3 } from 'etcd3';
import { type ServerProcess, startQuorate } from '../support/server-process';

const TTL_SECONDS = 2;

/** A service: registers, beats, and says so. */
const SERVICE = `
const [base, id] = process.argv.slice(1);
const path = base + '/api/v1/registry/default/shop/' + id;
const call = async (url, body) => (await fetch(url, { method: 'PUT', ...(body && { body: JSON.stringify(body) }) })).json();
call(path, { address: '127.0.0.1', port: process.pid % 60000 + 1, ttlSeconds: ${TTL_SECONDS} }).then(({ leaseId }) => {
  setInterval(async () => {
    await call(path + '/heartbeat?leaseId=' + leaseId);
    console.log('beat');
  }, 500);
});
`;

describe('the REST API of a server process', () => {
  let server: ServerProcess;
  let etcd: Etcd3;

  beforeAll(async () => {
    server = await startQuorate();
    etcd = new Etcd3({ hosts: server.url });
  });

  afterAll(async () => {
    etcd?.close();
    if (!server) return;
    await server.end('SIGKILL');
    fs.rmSync(server.dataDir, { recursive: true, force: true });
  });

  const get = async (path: string): Promise<{ revision: string; body: Record<string, unknown> & { items?: { id: string; key: string }[] } }> => {
    const answer = await fetch(`${server.url}/api/v1${path}`);
    return { revision: answer.headers.get('quorate-revision') ?? '', body: (await answer.json()) as Record<string, unknown> };
  };
  const listedIds = (body: { items?: { id: string }[] }): string[] => body.items?.map(({ id }) => id) ?? [];

  it('wakes a long poll for a change through the gRPC door', async () => {
    const { revision } = await get('/namespaces');
    const poll = get(`/kv?key=door&afterRevision=${revision}&waitSeconds=30`);
    await etcd.put('elsewhere').value('x');
    const put = await etcd.put('door').value('opened');
    expect(await poll).toMatchObject({ revision: put.header.revision, body: { value: 'opened' } });
  });

  it('wakes a long poll for an instance that is taken away through the gRPC door', async () => {
    const body = JSON.stringify({ address: 'h', port: 1, ephemeral: false });
    const { revision } = (await (await fetch(`${server.url}/api/v1/registry/default/away/a`, { method: 'PUT', body })).json()) as { revision: string };
    const poll = get(`/registry/default/away?afterRevision=${revision}&waitSeconds=30`);
    await etcd.delete().key('/quorate/registry/instances/default/away/a');
    expect(listedIds((await poll).body)).toEqual([]);
  });

  it('shows that a killed process is gone within its granted TTL and a second', async () => {
    const processes = ['one', 'two'].map((id) => spawn(process.execPath, ['-e', SERVICE, server.url, id], { stdio: ['ignore', 'pipe', 'inherit'] }));
    try {
      await Promise.all(processes.map((child) => once(child.stdout, 'data')));
      const before = await get('/registry/default/shop?healthy=true');
      expect(listedIds(before.body)).toEqual(['one', 'two']);
      const killed = performance.now();
      processes[0]?.kill('SIGKILL');
      const after = await get(`/registry/default/shop?healthy=true&afterRevision=${before.revision}&waitSeconds=30`);
      const elapsedMs = performance.now() - killed;
      expect(listedIds(after.body)).toEqual(['two']);
      expect(elapsedMs).toBeGreaterThan((TTL_SECONDS - 1) * 1000);
      expect(elapsedMs).toBeLessThan((TTL_SECONDS + 1) * 1000);
    } finally {
      for (const child of processes) child.kill('SIGKILL');
    }
  });

  it('gives a repeated call its first answer over a crash, and what was published stays', async () => {
    const publish = async (): Promise<[number, string | null, unknown]> => {
      const answer = await fetch(`${server.url}/api/v1/configs/default/shop/limits`, {
        method: 'PUT', headers: { 'idempotency-key': 'over-a-crash' }, body: JSON.stringify({ content: 'max: 5', format: 'yaml' }),
      });
      return [answer.status, answer.headers.get('quorate-revision'), await answer.json()];
    };
    const first = await publish();
    expect(first[0]).toBe(200);
    const port = Number(server.endpoint.split(':')[1]);
    await server.end('SIGKILL');
    server = await startQuorate({ dataDir: server.dataDir, port });
    expect(await publish()).toEqual(first);
    expect((await get('/configs/default/shop/limits/history')).body.items).toHaveLength(1);
    expect((await get('/configs/default/shop/limits')).body).toMatchObject({ content: 'max: 5', version: 1 });
  });
});
