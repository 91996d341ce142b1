import fs from 'node:fs';
import path from 'node:path';
import type { Random } from '@quorate/api';
import { Wal, type WalBatch } from '@quorate/core';
import { SeededRandom, SimDisk } from '@quorate/sim';
import { quiet, turn } from './wal-model.testing';

/** The log of a released format, as it was written then. `QUORATE_WRITE_GOLDEN=1` writes a new one; an existing one is never changed. */
const DIRECTORY = path.join(__dirname, '../golden/wal/v1');
const SEGMENT_BYTES = 2048;
const METADATA = Buffer.from('golden metadata \u0000\u0001');

const countingRandom = (): Random => {
  let next = 0;
  return { int: (max) => next++ % max, bytes: (count) => Buffer.from(Array.from({ length: count }, () => next++ & 0xff)) };
};

const value = (index: number): Buffer => Buffer.from(Array.from({ length: 40 * (index % 7) }, (_, at) => (at * 31 + index) & 0xff));

const BATCHES: readonly WalBatch[] = [
  { hardState: { term: 1, vote: 0x1234_5678_9abc_def0n, commit: 0 }, entries: [{ index: 1, term: 1, type: 1, data: Buffer.from('conf change') }] },
  { entries: Array.from({ length: 12 }, (_, at) => ({ index: 2 + at, term: 1, type: 0, data: value(2 + at) })) },
  { entries: [], hardState: { term: 2 ** 34, vote: 0n, commit: 9 } },
  { entries: [12, 13, 14].map((index) => ({ index, term: 2 ** 34, type: 0, data: value(index + 1) })) },
  { entries: [], snapshot: { index: 3, term: 1 } },
  { entries: [15, 16, 17, 18, 19, 20].map((index) => ({ index, term: 2 ** 34, type: 0, data: value(index) })), hardState: { term: 2 ** 34, vote: 5n, commit: 14 } },
];

async function written(): Promise<SimDisk> {
  const disk = new SimDisk({ random: new SeededRandom(1) });
  const wal = await Wal.create({ disk, random: countingRandom(), logger: quiet, segmentBytes: SEGMENT_BYTES, metadata: METADATA });
  for (const batch of BATCHES) {
    await turn();
    wal.append(batch);
    await wal.sync();
  }
  await wal.close();
  return disk.kill();
}

async function golden(): Promise<SimDisk> {
  const disk = new SimDisk({ random: new SeededRandom(1) });
  for (const name of fs.readdirSync(DIRECTORY)) (await disk.create(name)).write(0, fs.readFileSync(path.join(DIRECTORY, name)));
  return disk;
}

async function contents(disk: SimDisk) {
  const { wal, recovered } = await Wal.open({ disk, random: countingRandom(), logger: quiet, segmentBytes: SEGMENT_BYTES, metadata: METADATA });
  const all = await wal.entries(wal.firstIndex, wal.lastIndex + 1, 1_000_000);
  await wal.close();
  return { recovered, all };
}

if (process.env.QUORATE_WRITE_GOLDEN === '1' && !fs.existsSync(DIRECTORY)) {
  beforeAll(async () => {
    const disk = await written();
    fs.mkdirSync(DIRECTORY, { recursive: true });
    for (const name of disk.fileNames()) fs.writeFileSync(path.join(DIRECTORY, name), disk.contents(name));
  });
}

describe('WAL format 1', () => {
  test('the golden log is read as it was written', async () => {
    const { recovered, all } = await contents(await golden());
    expect(recovered.metadata).toEqual(METADATA);
    expect(recovered.hardState).toEqual({ term: 2 ** 34, vote: 5n, commit: 14 });
    expect(recovered.snapshot).toEqual({ index: 3, term: 1 });
    expect(recovered.truncatedBytes).toBe(0);
    expect(recovered.entries).toEqual(all.slice(3));
    expect(all.map(({ index, term, type }) => [index, term, type])).toEqual(
      Array.from({ length: 20 }, (_, at) => [at + 1, at + 1 < 12 ? 1 : 2 ** 34, at === 0 ? 1 : 0]),
    );
    expect(all[0]!.data.toString()).toBe('conf change');
    for (const { index, data } of all.slice(1)) expect(data).toEqual(value(index >= 12 && index <= 14 ? index + 1 : index));
  });

  test('this release writes the same bytes', async () => {
    const [now, then] = [await written(), await golden()];
    expect(now.fileNames()).toEqual(then.fileNames());
    expect(now.fileNames().length).toBeGreaterThan(2);
    for (const name of now.fileNames()) expect(now.contents(name).equals(then.contents(name))).toBe(true);
  });
});
