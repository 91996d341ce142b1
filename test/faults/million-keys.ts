import fs from 'node:fs';
import { parseArgs } from 'node:util';
import type { RequestOp } from '@quorate/api';
import { services } from '@quorate/wire';
import { RawClient } from '../compat/raw-client.testing';
import { type ServerProcess, startQuorate, temporaryDirectory } from '../support/server-process';

/** Puts in one transaction (etcd's limit is 128), and transactions under way at once. */
const OPS = 128;
const IN_FLIGHT = 8;

/** Loads many small keys, restarts after a kill -9 and after a clean stop, and tells time and memory. Linux only; needs a build. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { keys: { type: 'string', default: '1000000' }, value: { type: 'string', default: '32' } } });
  const keys = Number(values.keys);
  const value = Buffer.alloc(Number(values.value), 'v');
  const dataDir = temporaryDirectory();
  let server = await startQuorate({ dataDir });
  tell('empty', 0, server);
  const loadedMs = await timed(() => load(server, keys, value));
  tell(`${keys} keys of ${value.length} bytes loaded`, loadedMs, server);
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await server.end(signal);
    const startMs = await timed(async () => { server = await startQuorate({ dataDir }); });
    tell(`started after ${signal}`, startMs, server);
    const client = new RawClient(server.endpoint);
    const { count } = await client.ask(services.KV.Range, { key: '\0', rangeEnd: '\0', countOnly: true });
    client.close();
    if (count !== keys) throw new Error(`${count} of ${keys} keys are there after ${signal}`);
  }
  await server.end('SIGTERM');
  process.stdout.write(`on disk: ${Math.round(bytesBelow(dataDir) / 1e6)} MB\n`);
  fs.rmSync(dataDir, { recursive: true });
}

async function load(server: ServerProcess, keys: number, value: Buffer): Promise<void> {
  const client = new RawClient(server.endpoint);
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < keys) {
      const first = next;
      next = Math.min(keys, next + OPS);
      const success = Array.from({ length: next - first }, (_, at): RequestOp => (
        { type: 'put', request: { key: `service/${String(first + at).padStart(9, '0')}`, value } }
      ));
      for (;;) {
        const outcome = await client.try(services.KV.Txn, { compare: [], success, failure: [] });
        if ('response' in outcome) break;
        // The store is behind: what a client of etcd would do too.
        if (!outcome.message.includes('too many requests')) throw new Error(outcome.message);
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, send));
  client.close();
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function tell(what: string, durationMs: number, server: ServerProcess): void {
  const status = fs.readFileSync(`/proc/${server.pid}/status`, 'utf8');
  const megabytes = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1000);
  process.stdout.write(`${what}: ${(durationMs / 1000).toFixed(1)} s, resident ${megabytes('VmRSS')} MB, at most ${megabytes('VmHWM')} MB\n`);
}

function bytesBelow(directory: string): number {
  const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.reduce((sum, name) => {
    const stat = fs.statSync(`${directory}/${name}`);
    return sum + (stat.isFile() ? stat.size : 0);
  }, 0);
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
