import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describeWith, requireTool } from '../support/foreign-tools';
import { type ComparedServer, type ServerPair, startPair, stopPair } from './server-pair.testing';

/** etcdctl puts load on the server for this long, and tells then. */
const RUN_SECONDS = 60;
const TEST_TIMEOUT_MS = 2 * (RUN_SECONDS + 40) * 1000;

// Each run takes a minute, so they run only where nothing may be left out.
const required = process.env['QUORATE_TEST_REQUIRE'] === 'all';

describeWith(['etcd', 'etcdctl'], 'etcdctl check perf', () => {
  let pair: ServerPair | undefined;
  beforeAll(async () => { if (required) pair = await startPair(); }, 70_000);
  afterAll(() => stopPair(pair));

  (required ? it : it.skip).each(['s', 'm'] as const)('--load=%s passes (takes a minute: runs with QUORATE_TEST_REQUIRE=all)', async (load) => {
    const { quorate, etcd } = pair as ServerPair;
    const { code, output } = await checkPerf(quorate, load);
    if (code !== 0) {
      // A machine on which a real etcd cannot do it either says nothing about ours.
      const compared = await checkPerf(etcd, load);
      expect({ output, code, etcd: compared.code }).toEqual({ output, code, etcd: code });
      return;
    }
    expect(output).toMatch(/^PASS: Throughput is \d+ writes\/s\n/m);
    expect(output).toMatch(/^PASS$/m);
  }, TEST_TIMEOUT_MS);
});

async function checkPerf({ process: server }: ComparedServer, load: string): Promise<{ code: number; output: string }> {
  const child = spawn(requireTool('etcdctl'), ['check', 'perf', `--load=${load}`, '--auto-compact', '--auto-defrag'], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: server.endpoint },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  const [code] = await once(child, 'close') as [number];
  return { code, output };
}
