import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { ServerBinary } from './servers';

const SYNC_SAMPLES = 200;
const SYNC_BLOCK_BYTES = 4096;

export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  /** Load averages over one minute, before and after. */
  readonly loadBefore: number;
  readonly fileSystem: string;
  /** Median time of appending 4 KiB and syncing them, in the servers' data directory. */
  readonly syncP50Ms: number;
  readonly versions: readonly string[];
}

/** What must be known of the machine to read the figures; takes a fraction of a second. */
export function machineFacts(dataRoot: string, binaries: readonly ServerBinary[]): MachineFacts {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    loadBefore: loadavg()[0],
    fileSystem: fileSystemOf(dataRoot),
    syncP50Ms: measureSync(dataRoot),
    versions: binaries.map((binary) => `${binary.name}: ${versionOf(binary)}`),
  };
}

/** The first lines of `--version` that name a version. */
function versionOf(binary: ServerBinary): string {
  try {
    const output = execFileSync(binary.path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const lines = output.split('\n').filter((line) => /version/i.test(line) && !/^Go /.test(line));
    return lines.length > 0 ? lines.join(', ') : 'version unknown';
  } catch {
    return 'version unknown';
  }
}

function fileSystemOf(folder: string): string {
  try {
    const fields =
      execFileSync('df', ['-P', folder], { encoding: 'utf8' }).trim().split('\n').pop()?.split(/\s+/) ?? [];
    const device = fields[0] ?? 'unknown';
    const mount = fields[5] ?? '';
    if (platform() !== 'linux') return device;
    const entry = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .find((parts) => parts[1] === mount);
    return entry === undefined ? device : `${entry[2]} on ${device}`;
  } catch {
    return 'unknown';
  }
}

function measureSync(folder: string): number {
  const path = join(folder, `bench-sync-${process.pid}`);
  const file = openSync(path, 'w');
  try {
    const block = Buffer.alloc(SYNC_BLOCK_BYTES, 1);
    const samples: number[] = [];
    for (let sample = 0; sample < SYNC_SAMPLES; sample++) {
      const startedAt = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      samples.push(performance.now() - startedAt);
    }
    return samples.sort((a, b) => a - b)[SYNC_SAMPLES / 2];
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}
