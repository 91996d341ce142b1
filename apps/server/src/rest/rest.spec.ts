import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { MetadataScanner, Reflector } from '@nestjs/core';
import { type KvItem, type Namespace, type List, PLATFORM_ERROR_TABLE, PLATFORM_SCHEMAS } from '@quorate/api';
import { ConfigsController } from '../config-center/configs.controller';
import { KvController } from '../kv/kv.controller';
import { RegistryController } from '../registry/registry.controller';
import { SessionsController } from '../sessions/sessions.controller';
import { accessOf } from './access';
import { FeaturesController } from './features.controller';
import { NamespacesController } from './namespaces.controller';
import { openApiDocument } from './openapi';
import { RestServer } from './rest-server.testing';

const REST_CONTROLLERS = [ConfigsController, KvController, RegistryController, SessionsController, FeaturesController, NamespacesController];

describe('what all of the REST API has in common', () => {
  let server: RestServer;
  beforeAll(async () => { server = await RestServer.start({ allowedHosts: ['quorate.example.org'], allowedOrigins: ['https://console.example.org'] }); });
  afterAll(() => server.stop());

  const portOf = (): number => Number(new URL(server.url).port);

  it('writes nothing before it is used', async () => {
    const { body } = await server.call<List<Namespace>>('GET', '/api/v1/namespaces', 'NamespaceList');
    expect(body).toEqual({ items: [{ namespace: 'default', description: '', quotas: {} }], revision: '1' });
    const features = await server.call<{ features: string[] }>('GET', '/api/v1', 'Features');
    expect([features.revision, features.body.features]).toEqual([1, expect.arrayContaining(['registry', 'configs', 'kv', 'txn'])]);
    expect((await server.kv.range({ key: '\0', rangeEnd: '\0' })).count).toBe(0);
  });

  it.each([
    ['GET', '/api/v1/nothing', 404, 'route_unknown'],
    ['GET', '/api/v2/kv?key=a', 404, 'route_unknown'],
    ['POST', '/api/v1/kv?key=a', 404, 'route_unknown'],
    ['GET', '/api/v1/locks/default', 404, 'route_unknown'],
    ['PATCH', '/api/v1/registry/default/web/a', 404, 'route_unknown'],
    ['GET', '/api/v1/registry/default/web/a/history', 404, 'route_unknown'],
    ['GET', '/api/v1/registry/default/a%2Fb', 400, 'name_invalid'],
    ['GET', '/api/v1/registry/default/a%252Fb', 400, 'name_invalid'],
    ['GET', '/api/v1/registry/default/%20a', 400, 'name_invalid'],
    ['GET', '/api/v1/registry/default/settings', 400, 'name_invalid'],
    ['GET', '/api/v1/registry/*/web', 400, 'name_invalid'],
    ['GET', `/api/v1/registry/default/${'a'.repeat(256)}`, 400, 'name_invalid'],
    ['GET', '/api/v1/registry/default/%zz', 400, 'request_invalid'],
    ['GET', '/api/v1/configs/default/g/k/history/0', 400, 'field_invalid'],
  ])('refuses %s %s in its own shape, with the revision', async (method, route, status, code) => {
    expect((await server.refusal(method, route)).slice(0, 2)).toEqual([status, code]);
  });

  it('decodes names exactly once', async () => {
    const { body } = await server.call<Namespace>('PUT', '/api/v1/namespaces/%74eam%3Aa', 'Namespace', { body: { description: 'ours', quotas: { instances: 10 } } });
    expect(body).toMatchObject({ namespace: 'team:a', description: 'ours', quotas: { instances: 10 } });
  });

  it.each([
    ['no JSON', '{"value":', 'body_invalid'],
    ['a list', '[]', 'body_invalid'],
    ['a text', '"x"', 'body_invalid'],
    ['nothing', undefined, 'field_required'],
    ['a field of the language', '{"value":"x","__proto__":{"encoding":"utf8"}}', 'field_unknown'],
  ])('refuses %s for a body', async (_name, rawBody, code) => {
    const [status, answered] = await server.refusal('PUT', '/api/v1/kv?key=body', rawBody === undefined ? {} : { rawBody });
    expect([status, answered]).toEqual([400, code]);
  });

  it('refuses a body beyond its limit', async () => {
    const [status, code] = await server.refusal('PUT', '/api/v1/kv?key=body', { rawBody: `{"value":"${'x'.repeat(7 * 1024 * 1024)}"}` });
    expect([status, code]).toEqual([413, 'body_too_large']);
  });

  it('says the revision on 204 and on raw answers', async () => {
    const made = await server.call<Namespace>('PUT', '/api/v1/namespaces/short', 'Namespace', { body: {} });
    const gone = await server.call('DELETE', '/api/v1/namespaces/short');
    expect([gone.status, gone.revision]).toEqual([204, made.revision + 1]);
  });

  it('lets namespaces be deleted when they are empty, or by force, but never the default', async () => {
    await server.call('PUT', '/api/v1/namespaces/full', 'Namespace', { body: {} });
    await server.call('PUT', '/api/v1/configs/full/g/k', 'PublishResult', { body: { content: 'x' } });
    await server.call('PUT', '/api/v1/registry/full/web/a', 'Instance', { body: { address: 'h', port: 1 } });
    expect((await server.refusal('DELETE', '/api/v1/namespaces/full'))[1]).toBe('namespace_not_empty');
    expect((await server.call('DELETE', '/api/v1/namespaces/full?force=true')).status).toBe(204);
    expect((await server.refusal('GET', '/api/v1/namespaces/full'))[1]).toBe('namespace_unknown');
    expect((await server.refusal('DELETE', '/api/v1/namespaces/full'))[1]).toBe('namespace_unknown');
    expect((await server.kv.range({ key: '/quorate/config/items/full/', rangeEnd: '/quorate/config/items/full0' })).count).toBe(0);
    expect((await server.refusal('DELETE', '/api/v1/namespaces/default?force=true')).slice(0, 2)).toEqual([409, 'namespace_implicit']);
  });

  describe('revisions', () => {
    it('answers from a state at or after waitRevision, or not at all', async () => {
      const { revision } = await server.kv.put({ key: 'barrier', value: Buffer.from('x') }).then(({ header }) => header);
      expect((await server.call<KvItem>('GET', `/api/v1/kv?key=barrier&waitRevision=${revision}`, 'KvItem')).revision).toBe(revision);
      const waiting = server.call<KvItem>('GET', `/api/v1/kv?key=barrier&consistency=serializable&waitRevision=${revision + 1}`, 'KvItem');
      await server.kv.put({ key: 'barrier', value: Buffer.from('y') });
      expect((await waiting).body.value).toBe('y');
    });

    it('gives up on a revision that does not come', async () => {
      const [status, code] = await server.refusal('GET', '/api/v1/kv?key=barrier&waitRevision=1000000');
      expect([status, code]).toEqual([504, 'revision_not_reached']);
    }, 15_000);

    it('ends a long poll when its caller hangs up', async () => {
      const { header } = await server.kv.put({ key: 'hangup', value: Buffer.from('x') });
      const { hub } = server.member.member.replica;
      const before = hub.counts.open;
      const controller = new AbortController();
      const poll = server.call('GET', `/api/v1/kv?key=hangup&afterRevision=${header.revision}&waitSeconds=60`, undefined, { signal: controller.signal });
      while (hub.counts.open === before) await new Promise((resolve) => { setImmediate(resolve); });
      controller.abort();
      await expect(poll).rejects.toThrow('abort');
      while (hub.counts.open !== before) await new Promise((resolve) => { setImmediate(resolve); });
    });
  });

  it('answers all waits when the server stops', async () => {
    const other = await RestServer.start({ member: server.member });
    const { header } = await server.kv.put({ key: 'stopping', value: Buffer.from('x') });
    const { hub } = server.member.member.replica;
    const before = hub.counts.open;
    const poll = other.call<KvItem>('GET', `/api/v1/kv?key=stopping&afterRevision=${header.revision}&waitSeconds=60`, 'KvItem', { headers: { connection: 'close' } });
    while (hub.counts.open === before) await new Promise((resolve) => { setImmediate(resolve); });
    await other.stop();
    expect((await poll).body.value).toBe('x');
  });

  describe('repeats', () => {
    const key = (name: string): { headers: Record<string, string> } => ({ headers: { 'Idempotency-Key': name } });

    it.each([
      ['a put', 'PUT', '/api/v1/kv?key=once', { value: 'x' }],
      ['a transaction', 'POST', '/api/v1/txn', { then: [{ op: 'put', key: 'once/t', value: '1' }, { op: 'get', key: 'once' }] }],
      ['a publish', 'PUT', '/api/v1/configs/default/once/k', { content: 'x' }],
      ['a registration', 'PUT', '/api/v1/registry/default/once/a', { address: 'h', port: 1 }],
      ['a namespace', 'PUT', '/api/v1/namespaces/once', { description: 'x' }],
      ['a session', 'POST', '/api/v1/sessions', { ttlSeconds: 60 }],
      ['a roll-back', 'POST', '/api/v1/configs/default/once/k/rollback', { version: 1 }],
      ['a deletion of a configuration', 'DELETE', '/api/v1/configs/default/once/k', undefined],
      ['a deregistration', 'DELETE', '/api/v1/registry/default/once/a', undefined],
      ['a deletion of keys', 'DELETE', '/api/v1/kv?prefix=once', undefined],
      ['a deletion of a namespace', 'DELETE', '/api/v1/namespaces/once', undefined],
    ])('%s is done once and answered twice', async (name, method, path, body) => {
      const call = { ...key(name.replaceAll(' ', '-')), ...(body && { body }) };
      const first = await server.call(method, path, undefined, call);
      expect(first.status).toBeLessThan(300);
      const between = (await server.kv.put({ key: 'between', value: Buffer.from(name) })).header.revision;
      const second = await server.call(method, path, undefined, call);
      expect([second.status, second.body, second.revision]).toEqual([first.status, first.body, first.revision]);
      expect((await server.kv.range({ key: 'between' })).header.revision).toBe(between);
    });

    it('does a call once that is sent many times at once', async () => {
      const call = { ...key('stampede'), body: { content: 'x' } };
      const answers = await Promise.all(Array.from({ length: 10 }, () => server.call('PUT', '/api/v1/configs/default/stampede/k', 'PublishResult', call)));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      const { body } = await server.call<List<unknown>>('GET', '/api/v1/configs/default/stampede/k/history', 'ReleaseList');
      expect(body.items).toHaveLength(1);
    });

    it('answers a transaction to all who sent it at once', async () => {
      const call = { ...key('stampede-txn'), body: { then: [{ op: 'put', key: 'stampede', value: '1' }] } };
      const answers = await Promise.all(Array.from({ length: 10 }, () => server.call('POST', '/api/v1/txn', 'TxnResult', call)));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect((await server.kv.range({ key: 'stampede' })).kvs[0]?.version).toBe(1);
    });

    it('refuses the key for another request, and keys that are none', async () => {
      const path = '/api/v1/kv?key=conflict';
      expect((await server.call('PUT', path, 'KvItem', { ...key('conflict'), body: { value: '1' } })).status).toBe(200);
      expect(await server.refusal('PUT', path, { ...key('conflict'), body: { value: '2' } })).toEqual([409, 'idempotency_conflict', undefined]);
      expect(await server.refusal('PUT', '/api/v1/kv?key=other', { ...key('conflict'), body: { value: '1' } })).toEqual([409, 'idempotency_conflict', undefined]);
      expect(await server.refusal('PUT', path, { ...key('with space'), body: { value: '1' } })).toEqual([400, 'idempotency_key_invalid', undefined]);
    });

    it('lets a refused call be tried again', async () => {
      const call = { ...key('retried'), body: { content: 'x', expectedVersion: 1 } };
      expect((await server.refusal('PUT', '/api/v1/configs/default/retried/k', call))[1]).toBe('version_conflict');
      await server.call('PUT', '/api/v1/configs/default/retried/k', 'PublishResult', { body: { content: 'w' } });
      expect((await server.call('PUT', '/api/v1/configs/default/retried/k', 'PublishResult', call)).body).toMatchObject({ version: 2 });
    });

    it('hangs all records on few leases, and gets over the loss of one', async () => {
      const { kvs } = await server.kv.range({ key: '/quorate/sys/idempotency/', rangeEnd: '/quorate/sys/idempotency0' });
      const leases = new Set(kvs.map(({ lease }) => lease));
      expect(kvs.length).toBeGreaterThan(10);
      expect([...leases]).toHaveLength(1);
      const [lease] = leases;
      expect(lease).not.toBe(0n);
      await server.kv.leaseRevoke(lease as bigint);
      expect((await server.call('PUT', '/api/v1/kv?key=after', 'KvItem', { ...key('after'), body: { value: '1' } })).status).toBe(200);
    });
  });

  describe('strangers', () => {
    const status = (host: string, headers: Record<string, string> = {}, path = '/api/v1'): Promise<[number | undefined, string, string | undefined]> => new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port: portOf(), path, headers: { host, ...headers } }, (response) => {
        let text = '';
        response.on('data', (piece: Buffer) => { text += piece.toString(); });
        response.on('end', () => {
          const { error } = JSON.parse(text) as { error?: { code: string } };
          resolve([response.statusCode, error?.code ?? '', response.headers['quorate-revision'] as string | undefined]);
        });
      });
      call.on('error', reject);
      call.end();
    });

    it.each(['127.0.0.1:2379', '[::1]:2379', 'localhost', 'quorate', 'quorate.prod.svc.cluster.local:2379', 'QUORATE.example.org'])('answers for the host %s', async (host) => {
      expect((await status(host))[0]).toBe(200);
    });

    it.each(['evil.com', 'evil.com:2379', 'quorate.example.org.evil.com', 'localhost.evil.com'])('refuses the host %s', async (host) => {
      expect((await status(host)).slice(0, 2)).toEqual([421, 'host_foreign']);
      expect((await status(host, {}, '/api/v1/nothing')).slice(0, 2)).toEqual([421, 'host_foreign']);
      expect((await status(host))[2]).toMatch(/^[0-9]+$/);
    });

    it('answers its own pages and those that were named', async () => {
      expect((await status('localhost:2379', { origin: 'http://localhost:2379' }))[0]).toBe(200);
      expect((await status('localhost:2379', { origin: 'https://console.example.org' }))[0]).toBe(200);
    });

    it.each(['http://evil.com', 'null', 'http://localhost:9999', 'https://localhost:2379'])('refuses pages of %s', async (origin) => {
      expect((await status('localhost:2379', { origin })).slice(0, 2)).toEqual([403, 'origin_foreign']);
    });

    it('answers the preflight of a page that was named', async () => {
      const response = await fetch(`${server.url}/api/v1/kv`, { method: 'OPTIONS', headers: { origin: 'https://console.example.org' } });
      expect([response.status, response.headers.get('access-control-allow-origin'), response.headers.get('access-control-allow-methods')])
        .toEqual([204, 'https://console.example.org', 'GET, PUT, POST, DELETE']);
    });
  });

  it('survives callers that hang up in the middle of a body', async () => {
    const socket = connect(portOf(), '127.0.0.1');
    await new Promise<void>((resolve) => { socket.write('PUT /api/v1/kv?key=cut HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"value"', () => { resolve(); }); });
    socket.destroy();
    expect((await server.refusal('GET', '/api/v1/kv?key=cut'))[1]).toBe('key_unknown');
    expect(server.logged).toEqual([]);
  });

  it('declares for every route what it does to what', () => {
    const scanner = new MetadataScanner();
    let routes = 0;
    for (const controller of REST_CONTROLLERS) {
      for (const name of scanner.getAllMethodNames(controller.prototype)) {
        const handler = (controller.prototype as unknown as Record<string, () => unknown>)[name] as () => unknown;
        if (Reflect.getMetadata('path', handler) === undefined) continue;
        routes++;
        expect([name, accessOf(new Reflector(), handler)?.resource]).toEqual([name, expect.stringMatching(/^[a-z]/)]);
      }
    }
    expect(routes).toBeGreaterThan(25);
  });

  describe('the description', () => {
    it('is served, with a page to browse it', async () => {
      const response = await fetch(`${server.url}/api/v1/openapi.json`);
      const document = (await response.json()) as { openapi: string; paths: Record<string, object> };
      expect(document.openapi).toMatch(/^3\./);
      expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/api/v1', '/api/v1/kv', '/api/v1/txn', '/api/v1/registry/{ns}/{service}/{id}/heartbeat']));
      const page = await fetch(`${server.url}/api/docs`);
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('swagger-ui')]);
    });

    it('knows the same fields of bodies as the committed schemas', () => {
      const generated = openApiDocument(server.app, '0.1.0').components?.schemas as Record<string, { properties: object; required?: string[] }>;
      const committed = PLATFORM_SCHEMAS.components.schemas as Record<string, { properties: object; required?: string[]; additionalProperties?: boolean }>;
      const bodies = Object.entries(committed).filter(([name]) => name.endsWith('Body'));
      expect(bodies.length).toBeGreaterThan(8);
      for (const [name, schema] of bodies) {
        expect([name, Object.keys(generated[name]?.properties ?? {}).sort()]).toEqual([name, Object.keys(schema.properties).sort()]);
        expect([name, [...(generated[name]?.required ?? [])].sort()]).toEqual([name, [...(schema.required ?? [])].sort()]);
        expect([name, schema.additionalProperties]).toEqual([name, false]);
      }
    });

    it('has a row in the reference for every route', () => {
      const reference = readFileSync(path.resolve(__dirname, '../../../../docs/api.md'), 'utf8');
      const missing: string[] = [];
      for (const [route, methods] of Object.entries(openApiDocument(server.app, '0.1.0').paths)) {
        for (const method of Object.keys(methods as object)) if (!reference.includes(`| \`${method.toUpperCase()} ${route}\` |`)) missing.push(`${method} ${route}`);
      }
      expect(missing).toEqual([]);
    });

    it('has every error code', () => {
      const { ErrorCode } = PLATFORM_SCHEMAS.components.schemas as unknown as { ErrorCode: { enum: string[] } };
      expect(ErrorCode.enum).toEqual(Object.keys(PLATFORM_ERROR_TABLE));
    });
  });
});
