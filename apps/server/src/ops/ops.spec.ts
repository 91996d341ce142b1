import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { AlarmAction, AlarmType, ApiError, GrpcCode, type KvApi } from '@quorate/api';
import type { Replica } from '@quorate/core';
import { type GrpcStream, services } from '@quorate/wire';
import { grpcHandlersOf } from '../etcd/method';
import { ask, serveGateway, serveHandlers, startTestMember, type TestMember, type TestServer } from '../gateway/gateway-server.testing';
import { instrument, instrumentMethods } from './instrument';
import { createMetrics } from './member-metrics';
import type { MetricsRegistry } from './metrics-registry';
import { createMetricsServer, createOpsHandler } from './ops-handler';

const IDENTITY = { apiVersion: '3.6.7', productVersion: '0.1.0' };

/** The value of one line of a metrics text. */
function valueOf(text: string, line: string): number | undefined {
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
}

describe('the paths of operators', () => {
  let member: TestMember;
  let replica: Replica;
  let metrics: MetricsRegistry;
  let server: TestServer;

  beforeAll(async () => {
    member = await startTestMember();
    ({ replica } = member.member);
    metrics = createMetrics(replica, IDENTITY);
    server = await serveHandlers([createOpsHandler({ replica, metrics, ...IDENTITY })]);
  });

  afterAll(async () => {
    await server.stop();
    await member.stop();
  });

  const scrape = async (): Promise<string> => (await ask(`${server.url}/metrics`)).body;

  test('/version tells the API level', async () => {
    const { headers, body } = await ask(`${server.url}/version`);
    expect(body).toBe('{"etcdserver":"3.6.7","etcdcluster":"3.6.0","storage":"3.6.0"}');
    expect(headers['content-type']).toBe('application/json');
  });

  test('/health answers as etcd does', async () => {
    for (const query of ['', '?serializable=true', '?exclude=NOSPACE&exclude=']) {
      const { status, headers, body } = await ask(`${server.url}/health${query}`);
      expect([status, headers['content-type'], body]).toEqual([200, 'text/plain; charset=utf-8', '{"health":"true","reason":""}']);
    }
  });

  test.each(['/health', '/version', '/livez', '/readyz', '/readyz/linearizable_read'])('%s takes GET only', async (path) => {
    for (const method of ['POST', 'HEAD']) {
      const answer = await ask(server.url + path, undefined, { method });
      expect([answer.status, answer.headers.allow, answer.body]).toEqual([405, 'GET', method === 'HEAD' ? '' : 'Method Not Allowed\n']);
    }
  });

  test('/livez and /readyz list their checks', async () => {
    const body = async (path: string): Promise<string> => (await ask(server.url + path)).body;
    expect(await body('/livez')).toBe('ok\n');
    expect(await body('/livez?verbose')).toBe('[+]serializable_read ok\nok\n');
    expect(await body('/readyz?verbose')).toBe('[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n');
    expect(await body('/readyz?verbose&exclude=non_learner&exclude=data_corruption&exclude=other')).toBe('[+]serializable_read ok\n[+]linearizable_read ok\nok\n');
    expect(await body('/readyz/data_corruption?verbose')).toBe('[+]data_corruption ok\nok\n');
    expect(await body('/livez/data_corruption')).toBe('not handled');
  });

  test('tell of alarms until they are gone', async () => {
    const memberId = replica.readings().memberId;
    for (const alarm of [AlarmType.NOSPACE, AlarmType.CORRUPT]) await replica.maintenance.alarm({ action: AlarmAction.ACTIVATE, memberId, alarm });
    const health = async (query = ''): Promise<[number, string]> => {
      const { status, body } = await ask(`${server.url}/health${query}`);
      return [status, body];
    };
    expect(await health()).toEqual([503, '{"health":"false","reason":"ALARM NOSPACE"}\n']);
    expect(await health('?exclude=NOSPACE')).toEqual([503, '{"health":"false","reason":"ALARM CORRUPT"}\n']);
    expect((await health('?exclude=NOSPACE&exclude=CORRUPT'))[0]).toBe(200);
    expect((await ask(`${server.url}/livez`)).status).toBe(200);
    const ready = await ask(`${server.url}/readyz`);
    expect([ready.status, ready.body]).toEqual([
      503, '[-]data_corruption failed: alarm activated: CORRUPT\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\n\n',
    ]);
    expect(valueOf(await scrape(), `etcd_debugging_server_alarms{server_id="${memberId.toString(16)}",alarm_type="CORRUPT"}`)).toBe(1);
    for (const alarm of [AlarmType.NOSPACE, AlarmType.CORRUPT]) await replica.maintenance.alarm({ action: AlarmAction.DEACTIVATE, memberId, alarm });
    expect((await health())[0]).toBe(200);
    const text = await scrape();
    expect(valueOf(text, 'etcd_server_health_failures')).toBe(2);
    expect(valueOf(text, 'etcd_server_healthcheck{type="livez",name="serializable_read"}')).toBe(1);
    expect(valueOf(text, 'etcd_server_healthchecks_total{type="readyz",name="data_corruption",status="error"}')).toBe(1);
  });

  test('tell of a member without a leader, and of reads that fail', async () => {
    const kv: KvApi = Object.assign(Object.create(replica.kv) as KvApi, {
      range: ({ serializable }: { serializable?: boolean }) => (serializable ? Promise.resolve({}) : Promise.reject(new ApiError('timeout'))),
    });
    const like = (changed: object): Replica => Object.create(replica, Object.getOwnPropertyDescriptors(changed)) as Replica;
    const broken = like({ leader: 0n, kv });
    const own = await serveHandlers([createOpsHandler({ replica: broken, metrics, ...IDENTITY })]);
    expect(await ask(`${own.url}/health`)).toMatchObject({ status: 503, body: '{"health":"false","reason":"RAFT NO LEADER"}\n' });
    expect(await ask(`${own.url}/health?serializable=true`)).toMatchObject({ status: 200 });
    expect((await ask(`${own.url}/readyz/linearizable_read`)).body).toBe('[-]linearizable_read failed: etcdserver: request timed out\n\n');
    await own.stop();
    const slow = await serveHandlers([createOpsHandler({ replica: like({ kv }), metrics, ...IDENTITY })]);
    expect((await ask(`${slow.url}/health`)).body).toBe('{"health":"false","reason":"RANGE ERROR:etcdserver: request timed out"}\n');
    await slow.stop();
  });

  test('/debug/vars has the variables of etcd', async () => {
    const { body } = await ask(`${server.url}/debug/vars`);
    expect(JSON.parse(body)).toMatchObject({
      cmdline: expect.any(Array) as string[], memstats: { HeapAlloc: expect.any(Number) as number },
      'raft.status': { id: replica.readings().memberId.toString(16), raftState: 'StateLeader', lead: replica.leader.toString(16), leadtransferee: '0' },
    });
  });

  test('/metrics tells what the member did', async () => {
    const before = await scrape();
    await replica.kv.put({ key: 'm', value: Buffer.from('1') });
    await replica.kv.txn({
      compare: [], success: [
        { type: 'put', request: { key: 'm2', value: Buffer.alloc(0) } }, { type: 'deleteRange', request: { key: 'm' } },
      ], failure: [],
    });
    await replica.kv.range({ key: 'm2' });
    await replica.kv.leaseGrant({ ttlSeconds: 60 });
    const after = await scrape();
    const grown = (line: string): number => (valueOf(after, line) ?? NaN) - (valueOf(before, line) ?? NaN);
    expect(grown('etcd_mvcc_put_total')).toBe(2);
    expect(grown('etcd_mvcc_delete_total')).toBe(1);
    expect(grown('etcd_mvcc_txn_total')).toBe(1);
    expect(grown('etcd_mvcc_range_total')).toBe(1);
    expect(grown('etcd_debugging_lease_granted_total')).toBe(1);
    expect(grown('etcd_debugging_mvcc_keys_total')).toBe(1);
    expect(grown('etcd_server_proposals_applied_total')).toBe(3);
    expect(grown('etcd_disk_wal_fsync_duration_seconds_count')).toBeGreaterThan(0);
    expect(valueOf(after, 'etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf"}')).toBe(valueOf(after, 'etcd_disk_wal_fsync_duration_seconds_count'));
    for (const [line, value] of [
      ['etcd_server_has_leader', 1], ['etcd_server_is_leader', 1], ['etcd_server_is_learner', 0], ['etcd_server_leader_changes_seen_total', 1],
      ['etcd_server_version{server_version="3.6.7"}', 1], ['etcd_cluster_version{cluster_version="3.6"}', 1], ['etcd_server_proposals_pending', 0],
      ['quorate_waiters', 0], ['quorate_watchers_behind', 0], ['quorate_leases', 1],
    ] as const) expect([line, valueOf(after, line)]).toEqual([line, value]);
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'quorate_wal_room_bytes', 'etcd_mvcc_db_total_size_in_bytes']) {
      expect([name, valueOf(after, name)]).toEqual([name, expect.any(Number)]);
    }
  });

  test('the metrics listener serves metrics and health only', async () => {
    const own = createMetricsServer({ replica, metrics, ...IDENTITY });
    own.listen(0, '127.0.0.1');
    await once(own, 'listening');
    const url = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
    const status = async (path: string): Promise<number> => (await ask(url + path, undefined, { agent: false })).status;
    expect([await status('/metrics'), await status('/health'), await status('/readyz'), await status('/version'), await status('/v3/kv/range')])
      .toEqual([200, 200, 200, 404, 404]);
    await new Promise((resolve) => { own.close(resolve); });
  });
});

describe('counted calls', () => {
  let member: TestMember;

  beforeAll(async () => { member = await startTestMember(); });
  afterAll(() => member.stop());

  test('count by method and code over gRPC', async () => {
    const metrics = createMetrics(member.member.replica, IDENTITY);
    const { unary, streams } = instrument(grpcHandlersOf(member.methods), metrics);
    const call = { metadata: (name: string) => (name === 'client-api-version' ? '3.5.1' : undefined), peer: '', onCancel: () => undefined };
    const range = unary.get(services.KV.Range.path);
    const good = services.KV.Range.request.encodeFrame({ key: 'a' }).subarray(5);
    const frame = await range?.(good, call);
    await expect(range?.(Buffer.alloc(0), call)).rejects.toThrow('key is not provided');
    const listeners: { cancel?: () => void; message?: (message: Buffer) => void } = {};
    const stream: GrpcStream = {
      ...call, onCancel: (listener) => { listeners.cancel = listener; }, onMessage: (listener) => { listeners.message = listener; },
      onHalfClose: () => undefined, pause: () => undefined, resume: () => undefined, send: () => true, onDrain: () => undefined, end: () => undefined,
    };
    streams.get(services.Watch.Watch.path)?.(stream);
    expect(valueOf(await metrics.text(), 'etcd_debugging_mvcc_watch_stream_total')).toBe(1);
    listeners.cancel?.();
    const text = await metrics.text();
    expect(valueOf(text, 'etcd_debugging_mvcc_watch_stream_total')).toBe(0);
    const labels = 'grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Range"';
    expect(valueOf(text, `grpc_server_started_total{${labels}}`)).toBe(2);
    expect(valueOf(text, `grpc_server_msg_received_total{${labels}}`)).toBe(2);
    expect(valueOf(text, `grpc_server_msg_sent_total{${labels}}`)).toBe(1);
    expect(valueOf(text, `grpc_server_handled_total{${labels},grpc_code="OK"}`)).toBe(1);
    expect(valueOf(text, `grpc_server_handled_total{${labels},grpc_code="InvalidArgument"}`)).toBe(1);
    expect(valueOf(text, 'grpc_server_handled_total{grpc_type="bidi_stream",grpc_service="etcdserverpb.Watch",grpc_method="Watch",grpc_code="Canceled"}')).toBe(1);
    expect(valueOf(text, 'etcd_network_client_grpc_received_bytes_total')).toBe(good.length);
    expect(valueOf(text, 'etcd_network_client_grpc_sent_bytes_total')).toBe(frame?.length);
    expect(valueOf(text, 'etcd_server_client_requests_total{type="unary",client_api_version="3.5.1"}')).toBe(2);
    expect(valueOf(text, 'etcd_server_client_requests_total{type="stream",client_api_version="3.5.1"}')).toBe(1);
  });

  test('count calls of the gateway too', async () => {
    const metrics = createMetrics(member.member.replica, IDENTITY);
    const server = await serveGateway(instrumentMethods(member.methods, metrics));
    await ask(`${server.url}/v3/kv/range`, '{"key":"YQ=="}');
    await ask(`${server.url}/v3/lease/keepalive`, '{"ID":1}{"ID":2}');
    await server.stop();
    const keepAlive = metrics.countsOf(services.Lease.LeaseKeepAlive.path);
    expect([keepAlive.started, keepAlive.received, keepAlive.sent, keepAlive.handled[GrpcCode.OK]]).toEqual([1, 2, 2, 1]);
    expect(metrics.countsOf(services.KV.Range.path).handled[GrpcCode.OK]).toBe(1);
  });

  test('tell only so many versions of clients apart', async () => {
    const metrics = createMetrics(member.member.replica, IDENTITY);
    for (let version = 0; version < 1000; version++) metrics.clientRequest('unary', `v${version}`);
    const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('etcd_server_client_requests_total{'));
    expect(lines.length).toBeLessThan(100);
    expect(lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)).toBe(1000);
  });
});
