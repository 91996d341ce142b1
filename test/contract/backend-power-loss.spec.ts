import { SqliteBackend } from '@quorate/runtime';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describeWith, requireTool } from '../support/foreign-tools';
import { type DiskEvent, LossyDisk, traceProgram } from './power-loss.testing';
import { prefixIn } from './store-workload.testing';

const LAST_INDEX = 96;
const POINTS = 60;
const register = path.resolve(__dirname, '..', 'support', 'typescript-register.cjs');
const program = path.join(__dirname, 'store-process.testing.ts');

describeWith(['strace'], 'SqliteBackend when the power goes', () => {
  let root: string;
  let events: DiskEvent[];

  beforeAll(async () => {
    root = await realpath(await mkdtemp(path.join(os.tmpdir(), 'quorate-power-')));
    const directory = path.join(root, 'store');
    const command = [process.execPath, '-r', register, program, directory, String(LAST_INDEX)];
    events = await traceProgram(requireTool('strace'), directory, path.join(root, 'trace'), command);
  }, 120_000);
  afterAll(() => rm(root, { recursive: true }));

  it('has synced the -wal before it says so', () => {
    let synced = false;
    let syncs = 0;
    for (const event of events) {
      if (event.kind === 'sync' && event.name === 'quorate.db-wal') synced = true;
      if (event.kind === 'write' && event.name === 'quorate.db-wal') synced = false;
      if (event.kind === 'line' && event.text.startsWith('s')) {
        expect(synced).toBe(true);
        syncs++;
      }
    }
    expect(syncs).toBe(LAST_INDEX / 8);
  });

  it('copies the -wal into the database and starts it over in the course of the run', () => {
    expect(events.filter((event) => event.kind === 'sync' && event.name === 'quorate.db').length).toBeGreaterThan(2);
    expect(events.filter((event) => event.kind === 'write' && event.name === 'quorate.db-wal' && event.offset === 0).length).toBeGreaterThan(2);
  });

  it('holds a whole prefix that reaches at least to the last sync, wherever the power goes', async () => {
    expect(await losses(events)).toEqual([]);
  }, 120_000);

  it.each([
    ['the -wal', (event: DiskEvent) => event.kind === 'sync' && event.name === 'quorate.db-wal'],
    ['the database file', (event: DiskEvent) => event.kind === 'sync' && event.name === 'quorate.db'],
    ['the directory', (event: DiskEvent) => event.kind === 'syncDirectory'],
  ])('would be seen to lose data if the syncs of %s were left out', async (_what, isLeftOut) => {
    expect(await losses(events.filter((event) => !isLeftOut(event)))).not.toEqual([]);
  }, 120_000);

  /** What was lost at some of the points of the run at which the power may go; stops after a few. */
  async function losses(run: readonly DiskEvent[]): Promise<string[]> {
    const random = randomFrom(20_261);
    const stops = new Set(Array.from({ length: POINTS }, () => Math.floor(random() * run.length)));
    for (let early = 0; early < 40; early++) stops.add(early);
    stops.add(run.length - 1);
    const disk = new LossyDisk();
    const found: string[] = [];
    let synced = 0;
    let committed = 0;
    for (const [at, event] of run.entries()) {
      disk.apply(event);
      if (event.kind === 'line' && event.text.startsWith('s')) synced = Number(event.text.slice(1));
      if (event.kind === 'line' && event.text.startsWith('c')) committed = Number(event.text.slice(1));
      if (!stops.has(at)) continue;
      // Now and then nothing that was not synced survives, now and then nearly all of it does.
      const share = random();
      const loss = await lossIn(disk.afterPowerLoss(() => random() < share), synced, committed + 1);
      if (loss !== undefined) found.push(`event ${at}: ${loss}`);
      if (found.length === 3) break;
    }
    return found;
  }

  async function lossIn(files: Map<string, Buffer>, from: number, to: number): Promise<string | undefined> {
    const directory = await mkdtemp(path.join(root, 'after-'));
    for (const [name, bytes] of files) await writeFile(path.join(directory, name), bytes);
    try {
      const backend = await SqliteBackend.open({ directory });
      try {
        const prefix = await prefixIn(backend);
        return prefix >= from && prefix <= to ? undefined : `holds ${prefix} batches instead of ${from} to ${to}`;
      } finally {
        await backend.close();
      }
    } catch (error) {
      return String(error);
    } finally {
      await rm(directory, { recursive: true });
    }
  }
});

/** A small generator whose runs repeat (Marsaglia's xorshift32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
