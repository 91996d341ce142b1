import { SqliteBackend } from '@quorate/runtime';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { prefixIn } from './store-workload.testing';

const ROUNDS = 5;
const register = path.resolve(__dirname, '..', 'support', 'typescript-register.cjs');
const program = path.join(__dirname, 'store-process.testing.ts');

describe('SqliteBackend after kill -9', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'quorate-crash-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('holds exactly some prefix of the batches, with the index that belongs to it', async () => {
    let before = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const acknowledged = await killedAfter(directory, 20 + ((round * 7919) % 83));
      const backend = await SqliteBackend.open({ directory });
      const found = await prefixIn(backend);
      await backend.close();
      expect(acknowledged).toBeGreaterThan(before);
      expect(found).toBeGreaterThanOrEqual(acknowledged);
      before = found;
    }
  }, 60_000);
});

/** Runs the writing program and kills it in the middle of its work, after so many lines. Resolves to the last index it acknowledged. */
function killedAfter(directory: string, lines: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-r', register, program, directory, '1000000'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let seen = 0;
    let last = 0;
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = Number(line.slice(1));
      if (++seen === lines) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (code, signal) => (signal === 'SIGKILL' ? resolve(last) : reject(new Error(`the writing program ended with ${code}`))));
  });
}
