import { once } from 'node:events';
import fs from 'node:fs';
import { Etcd3 } from 'etcd3';
import { WebSocket } from 'ws';
import { type ServerProcess, startQuorate } from '../support/server-process';

interface Frame {
  readonly id: number;
  readonly type: string;
  readonly revision?: string;
  readonly items?: readonly Readonly<Record<string, unknown>>[];
  readonly changes?: readonly { readonly op: string; readonly value?: Readonly<Record<string, unknown>>; readonly revision: string }[];
}

/** A subscriber in this process; the server has its own. */
class Subscriber {
  private readonly frames: Frame[] = [];
  private wake: () => void = () => undefined;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Frame);
      this.wake();
    });
    socket.on('error', () => undefined);
  }

  static async connect({ endpoint }: ServerProcess, frame: Readonly<Record<string, unknown>>): Promise<Subscriber> {
    const subscriber = new Subscriber(new WebSocket(`ws://${endpoint}/ws/v1`));
    await once(subscriber.socket, 'open');
    subscriber.socket.send(JSON.stringify({ id: 1, op: 'subscribe', ...frame }));
    expect(await subscriber.next()).toEqual({ id: 1, type: 'ok' });
    return subscriber;
  }

  async next(): Promise<Frame> {
    while (this.frames.length === 0) await new Promise<void>((resolve) => { this.wake = resolve; });
    return this.frames.shift() as Frame;
  }

  async changes(count: number): Promise<NonNullable<Frame['changes']>[number][]> {
    const changes: NonNullable<Frame['changes']>[number][] = [];
    while (changes.length < count) {
      const frame = await this.next();
      expect(frame.type).toBe('change');
      changes.push(...frame.changes ?? []);
    }
    return changes;
  }

  close(): void {
    this.socket.terminate();
  }
}

describe('push from a server process', () => {
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

  const publish = async (content: string): Promise<void> => {
    const answer = await fetch(`${server.url}/api/v1/configs/default/shop/limits`, {
      method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ content, format: 'text' }),
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"version"')]);
  };

  it('tells what is changed through the gRPC door', async () => {
    await etcd.put('door/a').value('1');
    const subscriber = await Subscriber.connect(server, { topic: 'kv', prefix: 'door/' });
    expect((await subscriber.next()).items).toMatchObject([{ key: 'door/a', value: '1' }]);
    await etcd.put('door/b').value('2');
    await etcd.delete().key('door/a');
    expect(await subscriber.changes(2)).toMatchObject([{ op: 'put', key: { key: 'door/b' }, value: { value: '2' } }, { op: 'delete', key: { key: 'door/a' } }]);
    subscriber.close();
  });

  it('tells a configuration that is taken away through the gRPC door', async () => {
    await publish('here');
    const subscriber = await Subscriber.connect(server, { topic: 'config', namespace: 'default', group: 'shop', key: '*' });
    expect((await subscriber.next()).items).toMatchObject([{ key: 'limits', content: 'here' }]);
    await etcd.delete().key('/quorate/config/items/default/shop/limits');
    expect(await subscriber.changes(1)).toMatchObject([{ op: 'delete', key: { namespace: 'default', group: 'shop', key: 'limits' } }]);
    subscriber.close();
  });

  it('gives a subscriber that was away during ten publishes and a crash exactly those ten', async () => {
    await publish('before');
    const first = await Subscriber.connect(server, { topic: 'config', namespace: 'default', group: 'shop', key: 'limits' });
    const { revision: afterRevision } = await first.next();
    first.close();
    for (let at = 1; at <= 5; at++) await publish(`v${at}`);
    const port = Number(server.endpoint.split(':')[1]);
    await server.end('SIGKILL');
    server = await startQuorate({ dataDir: server.dataDir, port });
    for (let at = 6; at <= 10; at++) await publish(`v${at}`);
    const second = await Subscriber.connect(server, { topic: 'config', namespace: 'default', group: 'shop', key: 'limits', afterRevision });
    const contents = (await second.changes(10)).map(({ value }) => value?.['content']);
    expect(contents).toEqual(Array.from({ length: 10 }, (_, at) => `v${at + 1}`));
    await publish('live');
    expect(await second.changes(1)).toMatchObject([{ value: { content: 'live' } }]);
    second.close();
  });
});
