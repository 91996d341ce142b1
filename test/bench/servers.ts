import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { delimiter, join } from 'node:path';
import { Connection } from './connection';
import { currentRevision } from './kv-workloads';
import type { ServerName } from './options';

/** Set on both servers alike, because etcd's default of 2 GiB is full after a minute or two of fast puts. */
export const QUOTA_BACKEND_BYTES = 8 * 1024 ** 3;
const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 50;
const PROBE_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS = 10_000;
const START_ATTEMPTS = 3;

export interface ServerBinary {
  readonly name: ServerName;
  readonly path: string;
}

export interface RunningServer {
  readonly name: ServerName;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

/** The path of an executable given as a path or as a name on the PATH; null if there is none. */
export function findExecutable(nameOrPath: string): string | null {
  const candidates = nameOrPath.includes('/')
    ? [nameOrPath]
    : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, nameOrPath));
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const running = new Set<RunningServer>();
let startsRefused = false;

/** Stops what this process has started and not yet stopped; nothing can be started any more. */
export async function stopAllServers(): Promise<void> {
  startsRefused = true;
  await Promise.all([...running].map((server) => server.stop()));
}

/**
 * Starts one member on free loopback ports with an empty data directory under `dataRoot`; resolves when it answers a
 * linearizable read. Somebody else may take a port between choosing and binding it, so a taken port is tried again.
 */
export async function startServer(binary: ServerBinary, dataRoot: string): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(binary, dataRoot);
    } catch (error) {
      if (attempt === START_ATTEMPTS || !/address already in use|EADDRINUSE/.test(String(error))) throw error;
    }
  }
}

async function startOnce(binary: ServerBinary, dataRoot: string): Promise<RunningServer> {
  const [clientPort, peerPort] = await freePorts(2);
  const folder = await mkdtemp(join(dataRoot, `bench-${binary.name}-`));
  if (startsRefused) {
    await rm(folder, { recursive: true, force: true });
    throw new Error('stopped');
  }
  const logPath = join(folder, 'server.log');
  const log = openSync(logPath, 'a');
  const flags = serverFlags(join(folder, 'data'), clientPort, peerPort);
  const args = binary.name === 'quorate' ? ['serve', ...flags] : flags;
  const child = spawn(binary.path, args, { cwd: folder, env: serverEnvironment(), stdio: ['ignore', log, log] });
  closeSync(log);
  const server: RunningServer = {
    name: binary.name,
    host: HOST,
    port: clientPort,
    pid: child.pid ?? 0,
    stop: async () => {
      await stopChild(child);
      await rm(folder, { recursive: true, force: true });
      running.delete(server);
    },
  };
  running.add(server);
  try {
    await ready(child, clientPort);
    return server;
  } catch (error) {
    const tail = readFileSync(logPath, 'utf8').trim().split('\n').slice(-3).join(' | ');
    await server.stop();
    throw new Error(
      `${binary.name} did not start: ${error instanceof Error ? error.message : String(error)}${tail === '' ? '' : `; it said: ${tail}`}`,
    );
  }
}

function serverFlags(dataDirectory: string, clientPort: number, peerPort: number): string[] {
  const client = `http://${HOST}:${clientPort}`;
  const peer = `http://${HOST}:${peerPort}`;
  return [
    '--name=bench',
    `--data-dir=${dataDirectory}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=bench=${peer}`,
    `--quota-backend-bytes=${QUOTA_BACKEND_BYTES}`,
    '--log-level=error',
  ];
}

/** The runner's environment without ETCD_* settings, which both servers would take as flags. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD_'));
  // etcd refuses to start on other architectures than x64 (before 3.5 also arm64) without being told so.
  return { ...Object.fromEntries(kept), ...(process.arch === 'arm64' ? { ETCD_UNSUPPORTED_ARCH: 'arm64' } : {}) };
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  const ended: { how?: string } = {};
  child.once('error', (error) => (ended.how = error.message));
  child.once('exit', (code, signal) => (ended.how = `it ended with ${signal ?? `exit code ${code}`}`));
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const problem = await probe(port);
    if (ended.how !== undefined) throw new Error(ended.how);
    if (problem === null) return;
    if (performance.now() > deadlineMs) throw new Error(`not ready in ${READY_TIMEOUT_MS / 1000} s (${problem})`);
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

/** Null if the server answers a linearizable read, else what is wrong. */
async function probe(port: number): Promise<string | null> {
  let connection: Connection | null = null;
  try {
    connection = await Connection.open(HOST, port);
    const opened = connection;
    return await new Promise<null>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('a read is not answered')), PROBE_TIMEOUT_MS);
      currentRevision(opened)
        .then(() => resolve(null), reject)
        .finally(() => clearTimeout(timer));
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    connection?.destroy();
  }
}

function stopChild(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const listeners = await Promise.all(Array.from({ length: count }, listen));
  const ports = listeners.map((listener) => (listener.address() as { port: number }).port);
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => resolve(server));
  });
}
