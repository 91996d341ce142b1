import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';

const quorate = path.resolve(__dirname, '../../bin/quorate');

/** How a start ended that must not succeed. */
export interface RefusedStart {
  readonly code: number | null;
  /** The lines of its output, of which it should be one that says why. */
  readonly reasons: readonly string[];
  readonly output: string;
}

/** Starts a server that ends by itself. */
export async function refusedStart(dataDir: string, flags: readonly string[] = []): Promise<RefusedStart> {
  const listen = flags.some((flag) => flag.startsWith('--listen-client-urls')) ? [] : ['--listen-client-urls=http://127.0.0.1:0', '--advertise-client-urls=http://127.0.0.1:1'];
  const child = spawn(quorate, ['serve', `--data-dir=${dataDir}`, '--listen-peer-urls=http://127.0.0.1:0', ...listen, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const served = setTimeout(() => child.kill('SIGKILL'), 15_000);
  const [code] = await once(child, 'close') as [number | null];
  clearTimeout(served);
  const output = Buffer.concat(chunks).toString('utf8');
  const reasons = output.split('\n').filter((line) => /"level":"(fatal|error)"/.test(line));
  return { code, reasons, output };
}

/** Every file below a directory: its path and content. */
export function filesBelow(directory: string): Map<string, string> {
  const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(names.filter((name) => fs.statSync(path.join(directory, name)).isFile())
    .map((name) => [name, fs.readFileSync(path.join(directory, name)).toString('latin1')]));
}
