import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { ask, serveHandlers, type TestServer } from './gateway-server.testing';
import { createHttpGuard, createUpgradeGuard, type HttpGuardOptions } from './http-guard';
import type { HttpHandler } from './http-handler';
import { guardConnections } from './http-server';

const handled: HttpHandler = (_request, response) => { response.end('handled'); };

describe('the guard of the HTTP doors', () => {
  let server: TestServer;

  const guard = async (options: Partial<HttpGuardOptions>): Promise<string> => {
    const whole = { cors: ['*'], hostWhitelist: ['*'], ...options };
    const refuses = createUpgradeGuard(whole);
    server = await serveHandlers([createHttpGuard(whole), handled], (one) => {
      one.on('upgrade', (request, socket) => {
        if (!refuses(request, socket)) socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      });
    });
    return server.url;
  };

  afterEach(() => server.stop());

  test('lets pages of all origins read by default, with the headers of etcd', async () => {
    const url = await guard({});
    const { headers, body } = await ask(url);
    expect(body).toBe('handled');
    expect(headers).toMatchObject({
      'access-control-allow-headers': 'accept, content-type, authorization',
      'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE',
      'access-control-allow-origin': '*',
    });
    expect(await ask(`${url}/v3/kv/range`, undefined, { method: 'OPTIONS' })).toMatchObject({ status: 200, body: '' });
  });

  test('names the allowed origin only', async () => {
    const url = await guard({ cors: ['https://a.example'] });
    const allowed = await ask(url, undefined, { headers: { Origin: 'https://a.example' } });
    expect(allowed.headers['access-control-allow-origin']).toBe('https://a.example');
    for (const headers of [{ Origin: 'https://b.example' }, {}]) {
      expect((await ask(url, undefined, { headers })).headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('refuses foreign hosts', async () => {
    const url = await guard({ hostWhitelist: ['localhost', '::1'] });
    const status = async (host: string): Promise<number> => (await ask(url, undefined, { headers: { Host: host } })).status;
    expect([await status('localhost:2379'), await status('localhost'), await status('[::1]:2379'), await status('evil.example')]).toEqual([200, 200, 200, 421]);
    expect((await ask(url, undefined, { headers: { Host: 'evil.example' } })).body).toContain('--host-whitelist "evil.example"');
  });

  test('holds upgrades to the same rules', async () => {
    await guard({ cors: ['https://a.example'], hostWhitelist: ['localhost'] });
    const upgrade = async (headers: Record<string, string>): Promise<number | undefined> => {
      const request = http.request(server.url, { headers: { Connection: 'Upgrade', Upgrade: 'websocket', ...headers } });
      request.on('error', () => undefined);
      request.end();
      const answered = await Promise.race([once(request, 'response'), once(request, 'upgrade')]) as [http.IncomingMessage];
      answered[0].resume();
      request.destroy();
      return answered[0].statusCode;
    };
    expect(await upgrade({ Host: 'evil.example' })).toBe(421);
    expect(await upgrade({ Host: 'localhost', Origin: 'https://b.example' })).toBe(403);
    expect(await upgrade({ Host: 'localhost', Origin: 'https://a.example' })).toBe(101);
    expect(await upgrade({ Host: 'localhost' })).toBe(101);
  });
});

describe('connections of an HTTP server', () => {
  test('are closed when no header comes in time, and not while a request is answered', async () => {
    let answer: () => void = () => undefined;
    const server = await serveHandlers([(_request, response): void => { answer = (): void => { response.end('late'); }; }], undefined, {
      headersTimeoutMs: 50, keepAliveTimeoutMs: 50,
    });
    const slow = net.connect(server.port, '127.0.0.1');
    const busy = net.connect(server.port, '127.0.0.1');
    let received = '';
    busy.on('data', (piece: Buffer) => { received += piece.toString(); });
    busy.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    slow.write('GET / HTTP/1.1\r\nHo');
    await once(slow, 'close');
    answer();
    await once(busy, 'close');
    expect(received).toContain('late');
    await server.stop();
  });

  test('take headers as large as etcd does, and refuse larger ones', async () => {
    const server = await serveHandlers([handled]);
    expect((await ask(server.url, undefined, { headers: { Long: 'x'.repeat(500_000) } })).status).toBe(200);
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let received = '';
    socket.on('data', (piece: Buffer) => { received += piece.toString(); });
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\nLong: ${'x'.repeat(1_100_000)}\r\n\r\n`);
    await once(socket, 'close');
    expect(received === '' || received.startsWith('HTTP/1.1 431')).toBe(true);
    await server.stop();
  });

  test('are closed by a server that does not listen itself: idle ones at once, others after their answer', async () => {
    let answer: () => void = () => undefined;
    const inner = http.createServer((_request, response) => { answer = (): void => { response.end('last'); }; });
    guardConnections(inner);
    const outer = net.createServer((socket) => inner.emit('connection', socket));
    await new Promise<void>((resolve) => { outer.listen(0, '127.0.0.1', resolve); });
    const { port } = outer.address() as net.AddressInfo;
    const [idle, busy, stuck] = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')];
    let received = '';
    busy.on('data', (piece: Buffer) => { received += piece.toString(); });
    idle.resume();
    stuck.on('error', () => undefined).resume();
    stuck.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(inner, 'request');
    busy.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(inner, 'request');
    inner.closeIdleConnections();
    await once(idle, 'close');
    expect([busy.destroyed, stuck.destroyed]).toEqual([false, false]);
    answer();
    await once(busy, 'close');
    expect(received).toContain('last');
    inner.closeAllConnections();
    await once(stuck, 'close');
    outer.close();
  });
});
