import fs from 'node:fs';
import { EventType } from '@quorate/api';
import { SeededRandom } from '@quorate/sim';
import { services } from '@quorate/wire';
import { RawClient } from '../compat/raw-client.testing';
import { type ServerProcess, startQuorate, temporaryDirectory } from '../support/server-process';
import { heldOf, type Known, Worker } from './worker-model.testing';

export interface CrashRoundsOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly signal: 'SIGKILL' | 'SIGTERM';
  readonly connections?: number;
  readonly workersPerConnection?: number;
  /** The longest time that load runs before the signal. */
  readonly loadMsMax?: number;
  readonly onRound?: (round: number, report: CrashReport) => void;
}

export interface CrashReport {
  rounds: number;
  /** Changes that the server has acknowledged. */
  acknowledged: number;
  /** Changes that were sent and never answered. */
  inDoubt: number;
  revision: number;
  longestStartMs: number;
}

/** Checkpoints and trims of the log in every round, in some, and in none. */
const SNAPSHOT_COUNTS = [50, 1000, 100_000];
const CONNECTIONS = 4;
const WORKERS_PER_CONNECTION = 8;
const LOAD_MS_MIN = 30;
const LOAD_MS_MAX = 700;

/**
 * Rounds of load that a signal ends at a random moment, each followed by a restart and a comparison of everything that
 * was acknowledged with what is there.
 * @throws Error with the first thing that is wrong, and the seed
 */
export async function crashRounds(options: CrashRoundsOptions): Promise<CrashReport> {
  const random = new SeededRandom(options.seed);
  const connections = options.connections ?? CONNECTIONS;
  const count = connections * (options.workersPerConnection ?? WORKERS_PER_CONNECTION);
  const workers = Array.from({ length: count }, (_, number) => new Worker(number, new SeededRandom(options.seed * 1000 + number)));
  const report: CrashReport = { rounds: 0, acknowledged: 0, inDoubt: 0, revision: 1, longestStartMs: 0 };
  const dataDir = temporaryDirectory();
  let server = await startServer(dataDir, random);
  try {
    for (let round = 1; round <= options.rounds; round++) {
      const loadMs = LOAD_MS_MIN + random.int(options.loadMsMax ?? LOAD_MS_MAX);
      await loadUntilSignal(server, workers, connections, loadMs, options.signal);
      report.acknowledged = workers.reduce((sum, { changes }) => sum + changes, 0);
      report.inDoubt += workers.filter(({ inDoubt }) => inDoubt !== undefined).length;
      const startedMs = performance.now();
      server = await startServer(dataDir, random);
      report.longestStartMs = Math.max(report.longestStartMs, performance.now() - startedMs);
      report.revision = await verify(server, workers, report.revision);
      report.rounds = round;
      options.onRound?.(round, report);
    }
  } catch (error) {
    throw new Error(`seed ${options.seed}, round ${report.rounds + 1}, ${dataDir}: ${(error as Error).message}\n${server.output()}`, { cause: error });
  } finally {
    await server.end('SIGKILL');
  }
  fs.rmSync(dataDir, { recursive: true, force: true });
  return report;
}

function startServer(dataDir: string, random: SeededRandom): Promise<ServerProcess> {
  const snapshotCount = SNAPSHOT_COUNTS[random.int(SNAPSHOT_COUNTS.length)];
  return startQuorate({ dataDir, flags: [`--snapshot-count=${snapshotCount}`] });
}

async function loadUntilSignal(server: ServerProcess, workers: readonly Worker[], connections: number, loadMs: number, signal: NodeJS.Signals): Promise<void> {
  const clients = Array.from({ length: connections }, () => new RawClient(server.endpoint));
  const loads = workers.map((worker, at) => worker.work(clients[at % connections] as RawClient));
  await new Promise((resolve) => { setTimeout(resolve, loadMs); });
  const end = await server.end(signal);
  if (end.signal !== signal) throw new Error(`the server ended by ${end.signal ?? end.code}, not by ${signal}`);
  await Promise.all(loads);
  for (const client of clients) client.close();
}

/** @returns the revision of the store */
async function verify(server: ServerProcess, workers: readonly Worker[], verifiedRevision: number): Promise<number> {
  const client = new RawClient(server.endpoint);
  try {
    const found = await readAll(client);
    const acknowledged = workers.flatMap((worker) => worker.acknowledged.splice(0));
    const lastAcknowledged = acknowledged.reduce((last, { revision }) => Math.max(last, revision), verifiedRevision);
    if (found.revision < lastAcknowledged) throw new Error(`the store is at revision ${found.revision}, acknowledged was ${lastAcknowledged}`);
    for (const worker of workers) {
      const fault = worker.settle(partOf(found, worker, workers.length));
      if (fault !== undefined) throw new Error(fault);
    }
    await verifyLeaseKeys(client, found);
    const told = await historyOf(client, verifiedRevision + 1, found.revision);
    for (const { revision, key, value } of acknowledged) {
      const change = told.get(`${revision} ${key}`);
      if (change === undefined) throw new Error(`the history has lost the change of ${key} at revision ${revision}`);
      if (change.value !== value) throw new Error(`the history tells another change of ${key} at revision ${revision}`);
    }
    return found.revision;
  } finally {
    client.close();
  }
}

interface Found extends Known {
  readonly revision: number;
}

async function readAll(client: RawClient): Promise<Found> {
  const { kvs, header } = await client.ask(services.KV.Range, { key: '\0', rangeEnd: '\0' });
  const { ids } = await client.ask(services.Lease.LeaseLeases, {});
  return { keys: new Map(kvs.map((kv) => [kv.key, heldOf(kv)])), leases: new Set(ids), revision: header.revision };
}

function partOf(found: Found, worker: Worker, workers: number): Known {
  const leasesPerWorker = 2;
  const owner = (id: bigint): number => Math.floor((Number(id) - 1) / leasesPerWorker);
  if ([...found.leases].some((id) => owner(id) >= workers)) throw new Error('there is a lease of nobody');
  return {
    keys: new Map([...found.keys].filter(([key]) => key.startsWith(worker.prefix))),
    leases: new Set([...found.leases].filter((id) => owner(id) === worker.number)),
  };
}

/** The keys that the leases list are those that name them. */
async function verifyLeaseKeys(client: RawClient, found: Found): Promise<void> {
  for (const id of found.leases) {
    const { keys, grantedTtlSeconds } = await client.ask(services.Lease.LeaseTimeToLive, { id, keys: true });
    const expected = [...found.keys].filter(([, { lease }]) => lease === id).map(([key]) => key).sort();
    if (grantedTtlSeconds <= 0 || keys.join() !== expected.join()) throw new Error(`lease ${id} lists ${keys.join()}, attached are ${expected.join()}`);
  }
}

/** All changes from one revision to another, as a watcher sees them that starts in the past. */
async function historyOf(client: RawClient, from: number, to: number): Promise<Map<string, { value: string | undefined }>> {
  const told = new Map<string, { value: string | undefined }>();
  if (to < from) return told;
  const stream = client.open(services.Watch.Watch);
  stream.send({ type: 'create', request: { key: '\0', rangeEnd: '\0', startRevision: from, watchId: 0, fragment: false } });
  let last = 0;
  while (last < to) {
    const { events, canceled, cancelReason } = await stream.nextResponse();
    if (canceled) throw new Error(`the watch was cancelled: ${cancelReason}`);
    for (const { type, kv } of events) {
      if (kv.modRevision < last) throw new Error(`revision ${kv.modRevision} was told after ${last}`);
      last = kv.modRevision;
      const id = `${last} ${kv.key}`;
      if (told.has(id)) throw new Error(`the change of ${kv.key} at revision ${last} was told twice`);
      told.set(id, { value: type === EventType.PUT ? kv.value.toString() : undefined });
    }
  }
  stream.cancel();
  return told;
}
