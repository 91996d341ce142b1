import { byteStringOf } from '@quorate/api';
import { startTestMember, type TestMember } from '../gateway/gateway-server.testing';
import { WsServer } from './ws-server.testing';

describe('the WebSocket', () => {
  let member: TestMember;
  let server: WsServer;

  beforeAll(async () => {
    member = await startTestMember();
    server = await WsServer.start(member);
  });

  afterAll(async () => {
    await server?.stop();
    await member?.stop();
  });

  const put = async (key: string, value: string): Promise<number> => (
    await server.kv.put({ key: byteStringOf(key), value: Buffer.from(value) })
  ).header.revision;

  it('tells a snapshot and then changes in the order of revisions', async () => {
    await put('/a/1', 'one');
    const client = await server.connect();
    expect(await client.ask({ id: 1, op: 'subscribe', topic: 'kv', prefix: '/a/' } as never)).toEqual({ id: 1, type: 'ok' });
    const snapshot = await client.next();
    expect(snapshot).toMatchObject({ id: 1, type: 'snapshot', items: [{ key: '/a/1', value: 'one' }] });
    const second = await put('/a/2', 'two');
    const { header } = await server.kv.deleteRange({ key: '/a/1' });
    expect(await client.changes(1, 2)).toMatchObject([
      { op: 'put', key: { key: '/a/2' }, value: { value: 'two' }, revision: String(second) },
      { op: 'delete', key: { key: '/a/1' }, revision: String(header.revision) },
    ]);
  });
});
