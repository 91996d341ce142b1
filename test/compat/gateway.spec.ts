import { once } from 'node:events';
import http from 'node:http';
import WebSocket, { type RawData } from 'ws';
import { describeWith } from '../support/foreign-tools';
import { type ComparedServer, onBoth, type ServerPair, startPair, stopPair } from './server-pair.testing';

type ComparedBy = 'answer' | 'shape' | 'code' | 'headless';

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** One request that both servers get, in order. */
interface Step {
  readonly path: string;
  readonly body?: string;
  readonly verb?: string;
  /**
   * What the two are compared by: `shape` leaves out values, `code` leaves out the text of an error,
   * `headless` the header of the response, which 3.4 forgets.
   */
  readonly by?: ComparedBy;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const [A, B, C] = [base64('a'), base64('b'), base64('c')];

const keys: readonly Step[] = [
  { path: '/v3/kv/put', body: `{"key":"${A}","value":"${B}"}` },
  { path: '/v3/kv/put', body: `{"key":"${A}","value":"${C}","prev_kv":true}` },
  { path: '/v3/kv/put', body: `{"key":"${A}","ignoreValue":true,"prevKv":true}` },
  { path: '/v3/kv/put', body: `{"key":"${base64('new')}","ignore_value":true}` },
  { path: '/v3/kv/put', body: `{"key":"${A}","lease":"99"}` },
  { path: '/v3/kv/put', body: '{}' },
  { path: '/v3/kv/range', body: `{"key":"${A}"}` },
  { path: '/v3beta/kv/range', body: `{"key":"${A}"}` },
  { path: '/v3/kv/range', body: `{"key":"${base64('none')}"}` },
  { path: '/v3/kv/range', body: '{"key":"AA==","range_end":"AA==","count_only":true}' },
  { path: '/v3/kv/range', body: '{"key":"AA==","rangeEnd":"AA==","sort_order":"DESCEND","sort_target":"VERSION","limit":"1","keys_only":true}' },
  { path: '/v3/kv/range', body: '{"key":"AA==","rangeEnd":"AA==","sortOrder":1,"sortTarget":3,"limit":1}' },
  { path: '/v3/kv/range', body: `{"key":"${A}","revision":"2"}` },
  { path: '/v3/kv/range', body: `{"key":"${A}","revision":"1000000"}` },
  { path: '/v3/kv/range', body: `{"key":"${A}"} what follows` },
  { path: '/v3/kv/range', body: '' },
  { path: '/v3/kv/range?key=YQ==', body: '' },
  { path: '/v3/kv/txn', body: `{"compare":[{"target":"VALUE","key":"${A}","value":"${C}"}],"success":[{"requestPut":{"key":"${B}","value":"${B}"}},{"request_range":{"key":"${B}"}}]}` },
  { path: '/v3/kv/txn', body: `{"compare":[{"target":"MOD","result":"GREATER","key":"${A}","mod_revision":"100"}],"failure":[{"request_delete_range":{"key":"${B}","prev_kv":true}}]}` },
  { path: '/v3/kv/txn', body: `{"success":[{"requestPut":{"key":"${B}"}},{"requestPut":{"key":"${B}"}}]}` },
  { path: '/v3/kv/txn', body: '{}' },
  { path: '/v3/kv/deleterange', body: `{"key":"${A}","prev_kv":true}` },
  { path: '/v3/kv/deleterange', body: `{"key":"${A}"}` },
  { path: '/v3/kv/compaction', body: '{"revision":"3"}' },
  { path: '/v3/kv/compaction', body: '{"revision":"3"}' },
  { path: '/v3/kv/compaction', body: '{"revision":"1000000"}' },
  { path: '/v3/kv/range', body: `{"key":"${A}","revision":"2"}` },
];

const leases: readonly Step[] = [
  { path: '/v3/lease/grant', body: '{"TTL":100,"ID":"77"}' },
  { path: '/v3/lease/grant', body: '{"TTL":100,"ID":77}' },
  { path: '/v3/lease/grant', body: '{"TTL":"10000000000"}' },
  { path: '/v3/lease/grant', body: '{"TTL":60}', by: 'shape' },
  { path: '/v3/kv/put', body: `{"key":"${C}","lease":77}` },
  { path: '/v3/lease/timetolive', body: '{"ID":77,"keys":true}', by: 'shape' },
  { path: '/v3/kv/lease/timetolive', body: '{"ID":78}' },
  { path: '/v3/lease/leases', body: '{}', by: 'shape' },
  { path: '/v3/lease/keepalive', body: '{"ID":77}{"ID":"78"}\n{"ID":77}' },
  { path: '/v3/lease/keepalive', body: '' },
  { path: '/v3/lease/revoke', body: '{"ID":77}' },
  { path: '/v3/kv/lease/revoke', body: '{"ID":77}' },
];

const others: readonly Step[] = [
  { path: '/v3/cluster/member/list', body: '{}', by: 'shape' },
  { path: '/v3/maintenance/alarm', body: '{}', by: 'headless' },
  { path: '/v3/maintenance/alarm', body: '{"action":"ACTIVATE","alarm":"NOSPACE","memberID":"1"}', by: 'headless' },
  { path: '/v3/maintenance/alarm', body: '{"action":"DEACTIVATE","alarm":1,"memberID":"1"}', by: 'headless' },
  { path: '/v3/maintenance/defragment', body: '{}' },
  { path: '/v3/maintenance/hash', body: '{}', by: 'shape' },
  { path: '/v3/kv/range', verb: 'OPTIONS' },
  { path: '/health', verb: 'POST', body: '' },
  { path: '/health', verb: 'HEAD' },
  { path: '/version', verb: 'PUT', body: '' },
  { path: '/health', verb: 'OPTIONS' },
];

/** Bodies that are no JSON of the message: the texts are those of another JSON library since 3.6. */
const mistakes: readonly Step[] = ['{', '[', '{"key":5}', '{"key":"*"}', '{"key":"YQ==","limit":"many"}', '{"key":"YQ=="', '{"key":"YQ==","limit":1e400}']
  .map((body) => ({ path: '/v3/kv/range', body, by: 'code' }));

describeWith(['etcd'], 'the JSON gateway, compared with etcd', () => {
  let pair: ServerPair;

  beforeAll(async () => { pair = await startPair(); }, 60_000);
  afterAll(() => stopPair(pair));

  describe.each([['keys', keys], ['leases', leases], ['members, maintenance and probes', others], ['mistakes', mistakes]])('%s', (_name, steps) => {
    test.each(steps.map((step) => [`${step.verb ?? 'POST'} ${step.path} ${step.body ?? ''}`, step] as const))('%s', async (_title, step) => {
      const { etcd, quorate } = await onBoth(pair, async (server) => compared(await ask(server, step), server, step.by ?? 'answer'));
      expect(quorate).toEqual(etcd);
    });
  });

  // 3.6 has grpc-gateway 2, which answers these in JSON and a wrong verb with 501; 3.4 answers in plain text.
  test.each([
    [{ path: '/v3/kv/nope', body: '{}' }, 404, 404, { code: 5, message: 'Not Found' }],
    [{ path: '/v3/kv/range/', body: '{}' }, 404, 404, { code: 5, message: 'Not Found' }],
    [{ path: '/v3/kv/range', verb: 'GET' }, 405, 501, { code: 12, message: 'Method Not Allowed' }],
    [{ path: '/v3/kv/range', verb: 'PUT', body: '{}' }, 405, 501, { code: 12, message: 'Method Not Allowed' }],
  ])('%j is refused as 3.6 does', async (step, status34, status36, body) => {
    const { etcd, quorate } = await onBoth(pair, (server) => ask(server, step));
    expect([status34, status36]).toContain(etcd.status);
    expect([quorate.status, JSON.parse(quorate.text)]).toEqual([status36, body]);
  });

  test('/health and /version have the fields of etcd, and those that 3.6 added', async () => {
    const { etcd, quorate } = await onBoth(pair, async (server) => ({
      health: JSON.parse((await ask(server, { path: '/health', verb: 'GET' })).text) as object,
      version: JSON.parse((await ask(server, { path: '/version', verb: 'GET' })).text) as object,
    }));
    expect(quorate.health).toEqual({ reason: '', ...etcd.health });
    expect(Object.keys(quorate.version)).toEqual(expect.arrayContaining(Object.keys(etcd.version)));
  });

  test('metrics that both have are of the same type', async () => {
    const { etcd, quorate } = await onBoth(pair, async (server) => typesOf((await ask(server, { path: '/metrics', verb: 'GET' })).text));
    const shared = [...quorate.keys()].filter((name) => /^(etcd|grpc|os)_/.test(name) && etcd.has(name));
    expect(shared.length).toBeGreaterThan(30);
    expect(shared.map((name) => [name, quorate.get(name)])).toEqual(shared.map((name) => [name, etcd.get(name)]));
  });

  test('a watch goes on after its requests', async () => {
    const { etcd, quorate } = await onBoth(pair, async (server) => {
      const key = base64('watched');
      const stream = await LineReader.open(`${server.process.url}/v3/watch`, `{"create_request":{"key":"${key}","prev_kv":true}}{"createRequest":{"key":"${key}","filters":["NOPUT"]}}`);
      const lines = [await stream.next(), await stream.next()];
      await ask(server, { path: '/v3/kv/put', body: `{"key":"${key}","value":"${A}"}` });
      lines.push(await stream.next());
      await ask(server, { path: '/v3/kv/put', body: `{"key":"${key}","value":"${B}"}` });
      lines.push(await stream.next());
      stream.close();
      return lines.map((line) => masked(line, server));
    });
    expect(quorate).toEqual(etcd);
  });

  test('a WebSocket carries the same messages', async () => {
    const { etcd, quorate } = await onBoth(pair, async (server) => {
      const key = base64('socket');
      const socket = new WebSocket(`${server.process.url.replace('http', 'ws')}/v3/watch`);
      await once(socket, 'open');
      const frames: string[] = [];
      const nextFrame = async (): Promise<void> => {
        const [data] = await once(socket, 'message') as [RawData];
        frames.push((data as Buffer).toString());
      };
      let frame = nextFrame();
      socket.send(`{"create_request":{"key":"${key}"}}`);
      await frame;
      frame = nextFrame();
      await ask(server, { path: '/v3/kv/put', body: `{"key":"${key}"}` });
      await frame;
      frame = nextFrame();
      socket.send('{"cancel_request":{"watch_id":"0"}}');
      await frame;
      socket.close();
      return frames.map((text) => masked(text, server));
    });
    expect(quorate).toEqual(etcd);
  });
});

function ask(server: ComparedServer, { path, body, verb = 'POST' }: Step): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(server.process.url + path, { method: verb }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({
        status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', text: Buffer.concat(chunks).toString(),
      }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function compared(answer: Answer, server: ComparedServer, by: ComparedBy): unknown {
  const { contentType, text } = answer;
  if (contentType !== 'application/json') return answer;
  const values = text.split('\n').filter((line) => line !== '').map((line) => masked(line, server));
  // A failed precondition is 412 in 3.4 and 400 since.
  const status = answer.status === 412 ? 400 : answer.status;
  if (by === 'headless') return { status, values: values.map((value) => ({ ...value as object, header: undefined })) };
  if (by === 'shape') return { status, values: values.map(shapeOf) };
  if (by === 'code') return { status, codes: values.map((value) => (value as { code: number }).code) };
  return { status, values };
}

/** A message without what two servers cannot have in common: ids, terms, and the text under `error` that 3.4 had besides. */
function masked(line: string, { memberId, clusterId }: ComparedServer): unknown {
  const own = new Map([[memberId.toString(), '<member>'], [clusterId.toString(), '<cluster>']]);
  return JSON.parse(line, (name, value: unknown) => {
    if (name === 'raft_term') return '<term>';
    if (name === 'error' && typeof value === 'string') return undefined;
    return typeof value === 'string' ? own.get(value) ?? value : value;
  });
}

/** The names and the kinds of values in a message; of a list, those of its first member. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]));
}

function typesOf(metrics: string): Map<string, string> {
  return new Map([...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name as string, type as string]));
}

/** The lines of an answer that goes on. */
class LineReader {
  private readonly lines: string[] = [];
  private rest = '';
  private wake: (() => void) | undefined;

  private constructor(private readonly request: http.ClientRequest, response: http.IncomingMessage) {
    response.setEncoding('utf8');
    response.on('error', () => undefined);
    response.on('data', (piece: string) => {
      const parts = (this.rest + piece).split('\n');
      this.rest = parts.pop() ?? '';
      this.lines.push(...parts);
      this.wake?.();
    });
  }

  static open(url: string, body: string): Promise<LineReader> {
    return new Promise((resolve, reject) => {
      const request = http.request(url, { method: 'POST' }, (response) => resolve(new LineReader(request, response)));
      request.on('error', reject);
      request.end(body);
    });
  }

  async next(): Promise<string> {
    while (this.lines.length === 0) await new Promise<void>((resolve) => { this.wake = resolve; });
    return this.lines.shift() as string;
  }

  close(): void {
    this.request.destroy();
  }
}
