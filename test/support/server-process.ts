import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { requireTool } from './foreign-tools';

/** How long a server may take until it serves, on a machine that does much else. */
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

const checkout = path.resolve(__dirname, '../..');

/** A server in a process of its own, on ports and in directories of its own. */
export interface ServerProcess {
  /** `127.0.0.1:<port>` */
  readonly endpoint: string;
  readonly url: string;
  readonly peerUrl: string;
  readonly pid: number;
  readonly dataDir: string;
  /** What it has written so far. */
  output(): string;
  /** Sends a signal; resolves with what the process ended by. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Resolves when the process has ended by itself. */
  ended(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

export interface ServerOptions {
  /** Kept from an earlier run; otherwise a new one. */
  readonly dataDir?: string;
  /** Kept from an earlier run; otherwise a free one. */
  readonly port?: number;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Our own server, as `bin/quorate serve` of this checkout starts it; needs a build. */
export function startQuorate(options: ServerOptions = {}): Promise<ServerProcess> {
  return start(path.join(checkout, 'bin', 'quorate'), ['serve'], options);
}

/** A real etcd. */
export function startEtcd(options: ServerOptions = {}): Promise<ServerProcess> {
  return start(requireTool('etcd'), ['--logger=zap', '--log-outputs=stderr'], options);
}

/** A directory below the system's temporary one, removed by whoever made it. */
export function temporaryDirectory(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-test-'));
}

async function start(program: string, leading: readonly string[], options: ServerOptions): Promise<ServerProcess> {
  const dataDir = options.dataDir ?? temporaryDirectory();
  const port = options.port ?? await freePort();
  const peerPort = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const flags = [
    `--data-dir=${dataDir}`, `--listen-client-urls=${url}`, `--advertise-client-urls=${url}`, `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`, `--initial-cluster=default=${peerUrl}`, ...options.flags ?? [],
  ];
  const child = spawn(program, [...leading, ...flags], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...cleanEnvironment(), ...options.env } });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const output = (): string => Buffer.concat(chunks).toString('utf8');
  const ended = once(child, 'exit').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }));
  await untilServing(child, port, output);
  return {
    endpoint: `127.0.0.1:${port}`, url, peerUrl, pid: child.pid as number, dataDir, output,
    ended: () => ended,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Variables of the caller that a server would take for its own. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ETCD|QUORATE)/.test(name)));
}

async function untilServing(child: ChildProcess, port: number, output: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!/ready to serve client requests|serving client traffic/.test(output()) || !await accepts(port)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the server ended while it started:\n${output()}`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the server did not start in time:\n${output()}`);
    }
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
