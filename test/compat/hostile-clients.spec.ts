import fs from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { services } from '@quorate/wire';
import { type ServerProcess, startQuorate } from '../support/server-process';
import { RawClient } from './raw-client.testing';

const { KV, Watch } = services;
/** What a reader that does not read may cost beside what was there before: its queues, the sockets' and the runtime's slack. */
const GROWTH_BYTES_MAX = 160 * 1024 * 1024;
/** More than that, sent to it. */
const EVENTS = 400;
const EVENT_BYTES = 1024 * 1024;

const onLinux = process.platform === 'linux';

describe('clients that behave badly', () => {
  let server: ServerProcess;
  let client: RawClient;
  beforeEach(async () => {
    server = await startQuorate();
    client = new RawClient(server.endpoint);
  }, 70_000);
  afterEach(async () => {
    client.close();
    await server.end('SIGKILL');
    fs.rmSync(server.dataDir, { recursive: true, force: true });
  });

  it('one that never reads its watch costs bounded memory, and nobody else notices', async () => {
    const deaf = new RawClient(server.endpoint);
    const other = new RawClient(server.endpoint);
    try {
      const unread = deaf.open(Watch.Watch);
      unread.send({ type: 'create', request: { key: 'big', watchId: 0, fragment: false } });
      await unread.nextResponse();
      unread.pause();
      const read = other.open(Watch.Watch);
      read.send({ type: 'create', request: { key: 'end', watchId: 0, fragment: false } });
      await read.nextResponse();
      const value = Buffer.alloc(EVENT_BYTES, 'v');
      for (let at = 0; at < 50; at++) await client.ask(KV.Put, { key: 'big', value });
      const before = residentBytes(server.pid);
      for (let at = 0; at < EVENTS; at++) {
        await client.ask(KV.Put, { key: 'big', value });
        // What is in history is not this test's concern.
        if (at % 20 === 0) await client.ask(KV.Compact, { revision: at + 40 });
      }
      expect(residentBytes(server.pid) - before).toBeLessThan(GROWTH_BYTES_MAX);
      await client.ask(KV.Put, { key: 'end', value: Buffer.from('.') });
      expect((await read.nextResponse()).events[0]?.kv.key).toBe('end');
    } finally {
      deaf.close();
      other.close();
    }
  }, 60_000);

  it('many that say half of a request, or nothing, or hang up in between, hold nobody up', async () => {
    const port = Number(server.endpoint.split(':')[1]);
    const beginnings = ['', 'P', 'PRI * HTTP/2.0\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET /health HTTP/1.1\r\nHost:', 'POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{', '\x16\x03\x01', '\0\0\0\0'];
    const sockets: Socket[] = [];
    for (let at = 0; at < 200; at++) {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      sockets.push(socket);
      await once(socket, 'connect');
      socket.write(beginnings[at % beginnings.length] as string, 'latin1');
      if (at % 3 === 0) socket.end();
      if (at % 3 === 1 && at % 2 === 0) socket.resetAndDestroy();
    }
    for (let at = 0; at < 20; at++) await client.ask(KV.Put, { key: 'a', value: Buffer.from(String(at)) });
    expect((await client.ask(KV.Range, { key: 'a' })).kvs[0]?.value.toString()).toBe('19');
    for (const socket of sockets) socket.destroy();
  });

  it('streams that are cancelled leave nothing behind', async () => {
    for (let at = 0; at < 300; at++) {
      const stream = client.open(Watch.Watch);
      stream.send({ type: 'create', request: { key: 'a', watchId: 0, fragment: false } });
      // A call that is cancelled before its message was written is never reset by this client: any server keeps its watcher.
      await stream.nextResponse();
      stream.cancel();
      await stream.next();
    }
    await client.ask(KV.Put, { key: 'a', value: Buffer.from('x') });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(/^etcd_debugging_mvcc_watcher_total (\d+)$/m.exec(metrics)?.[1]).toBe('0');
  });
});

/** Memory that a process has in RAM. */
function residentBytes(pid: number): number {
  if (!onLinux) return 0;
  const pages = fs.readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
  return Number(pages) * 4096;
}
