import { type CellResult, type CellSpec, WORKLOADS } from './cell';
import { runCell } from './run-cell';
import { type Misbehaviour, startTinyEtcd, type TinyEtcd } from './tiny-etcd';

let server: TinyEtcd | null = null;

afterEach(() => {
  server?.close();
  server = null;
});

async function run(misbehaviour: Misbehaviour, spec: Partial<CellSpec>, drainTimeoutMs?: number): Promise<CellResult> {
  server = await startTinyEtcd(misbehaviour);
  return runCell(
    {
      host: '127.0.0.1',
      port: server.port,
      serverPid: process.pid,
      workload: 'put',
      shape: { connections: 2, inFlight: 20 },
      warmupSeconds: 0.1,
      seconds: 0.3,
      seed: 1,
      exclusive: true,
      ...spec,
    },
    drainTimeoutMs,
  );
}

describe('a cell against a foreign gRPC server', () => {
  it.each(WORKLOADS)('%s: counts operations, without errors or faults', async (workload) => {
    const result = await run({}, { workload });
    expect(result.errors).toEqual({});
    expect(result.faults).toEqual([]);
    expect(result.operations).toBeGreaterThan(50);
    expect(result.elapsedSeconds).toBeGreaterThanOrEqual(0.29);
    expect(result.p50Ms).toBeGreaterThan(0);
    expect(result.p99Ms).toBeGreaterThanOrEqual(result.p50Ms);
    expect(result.maxMs).toBeGreaterThanOrEqual(result.p99Ms);
    expect(result.serverCpuSeconds).toBeGreaterThan(0);
    expect(result.clientCpuSeconds).toBeGreaterThan(0);
    expect(result.serverResidentBytes).toBeGreaterThan(2 ** 20);
  });

  it('counts no more than the server has done', async () => {
    const result = await run({}, { warmupSeconds: 0 });
    expect(result.operations).toBeLessThanOrEqual(server?.writes() ?? 0);
  });

  it('reports answers with an error status as errors by their kind, not as throughput', async () => {
    const result = await run({ failEveryPut: 2 }, { warmupSeconds: 0 });
    const [[kind, count], ...others] = Object.entries(result.errors);
    expect(kind).toBe('RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded');
    expect(others).toEqual([]);
    expect(count).toBeGreaterThan(10);
    expect(result.operations).toBeGreaterThan(10);
    expect(result.operations).toBeLessThanOrEqual(server?.writes() ?? 0);
    expect(result.faults).toEqual([]);
  });

  it('has no throughput at all when every call fails', async () => {
    const result = await run({ failEveryPut: 1 }, { serverPid: null });
    expect(result.operations).toBe(0);
    expect(result.serverCpuSeconds).toBeNull();
    expect(Object.keys(result.errors)).toHaveLength(1);
  });

  it('finds writes that were acknowledged and not done', async () => {
    const result = await run({ forgetPuts: true, startRevision: 5 }, {});
    expect(result.faults).toEqual([expect.stringMatching(/^\d+ writes acknowledged, but the revision grew by 0$/)]);
  });

  it.each([
    ['a range that finds nothing', { findNothing: true }, 'range', 'wrong answer'],
    ['a transaction that took the other branch', { refuseTransactions: true }, 'txn', 'wrong answer'],
    ['an expired lease', { expireLeases: true }, 'keepalive', 'lease expired or wrong'],
  ] as const)('counts %s as an error', async (_name, misbehaviour, workload, kind) => {
    const result = await run(misbehaviour, { workload });
    expect(result.operations).toBe(0);
    expect(Object.keys(result.errors)).toEqual([kind]);
  });

  it('notices watchers that miss events', async () => {
    // One put is on its way at a time here, so the first lost event is waited for in vain.
    const result = await run(
      { loseEvents: true },
      { workload: 'watch', shape: { connections: 1, inFlight: 200 } },
      300,
    );
    expect(result.faults).toEqual([expect.stringMatching(/operations were never answered$/)]);
  });

  it('says so when the server goes away', async () => {
    const running = run({}, { warmupSeconds: 0, seconds: 30 });
    const waitForLoad = (): void => void ((server?.writes() ?? 0) > 100 ? server?.close() : setImmediate(waitForLoad));
    waitForLoad();
    const result = await running;
    expect(result.faults).toHaveLength(1);
    expect(result.faults[0]).toMatch(/^connection lost: /);
    expect(result.elapsedSeconds).toBeLessThan(30);
  });

  it('rejects when the data cannot be prepared', async () => {
    await expect(run({ unimplementedAfter: 3 }, { workload: 'range' })).rejects.toThrow(
      /KV\/Put: \d+ x UNIMPLEMENTED: not here/,
    );
  });
});
