import { Wal, type WalBatch, WalCorruptError } from '@quorate/core';
import { SeededRandom, SimDisk } from '@quorate/sim';
import { afterBatch, difference, EMPTY_STATE, entry, type ModelState, turn, walOptions } from './wal-model.testing';

const SEGMENT_BYTES = 1024;
const SECTOR_BYTES = 512;

interface Written {
  readonly disk: SimDisk;
  readonly states: readonly ModelState[];
  /** Bytes in use in the last segment after each batch. */
  readonly ends: readonly number[];
  readonly lastFile: string;
}

/** A log of several segments, each batch synced before the next. */
async function write(batches: readonly WalBatch[], segmentBytes = SEGMENT_BYTES): Promise<Written> {
  const disk = new SimDisk({ random: new SeededRandom(1) });
  const wal = await Wal.create(walOptions(disk, new SeededRandom(2), { segmentBytes, spareSegments: 2 }));
  const states = [EMPTY_STATE];
  const ends: number[] = [];
  for (const batch of batches) {
    await turn();
    wal.append(batch);
    await wal.sync();
    states.push(afterBatch(states[states.length - 1]!, batch));
    const file = lastUsed(disk);
    ends.push(usedBytes(disk, file));
  }
  await wal.close();
  return { disk: disk.kill(), states, ends, lastFile: lastUsed(disk) };
}

function lastUsed(disk: SimDisk): string {
  return disk.fileNames().filter((name) => usedBytes(disk, name) > 0).pop()!;
}

function usedBytes(disk: SimDisk, name: string): number {
  const bytes = disk.contents(name);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

async function recovered(disk: SimDisk) {
  const { wal, recovered: found } = await Wal.open(walOptions(disk, new SeededRandom(3), { segmentBytes: SEGMENT_BYTES }));
  await wal.close();
  return found;
}

function batchOf(first: number, count: number): WalBatch {
  const entries = Array.from({ length: count }, (_, at) => entry(first + at, 1, `value of ${first + at} `.repeat(1 + ((first + at) % 4))));
  return { entries, hardState: { term: 1, vote: 7n, commit: first - 1 } };
}

const SINGLES = Array.from({ length: 18 }, (_, at) => batchOf(at + 1, 1));

describe('WAL, a file cut off', () => {
  test('at every byte of the last batch: starts, loses only that', async () => {
    const written = await write([...SINGLES, batchOf(19, 3)]);
    const from = written.ends[written.ends.length - 2]!;
    const to = written.ends[written.ends.length - 1]!;
    expect(to - from).toBeGreaterThan(150);
    for (let at = from; at < to; at++) {
      const disk = written.disk.kill();
      disk.cut(written.lastFile, at);
      expect([at, difference(await recovered(disk), written.states[written.states.length - 2]!, 1)]).toEqual([at, undefined]);
      expect(disk.contents(written.lastFile).length).toBe(SEGMENT_BYTES);
      expect(usedBytes(disk, written.lastFile)).toBe(from);
    }
  });

  test('exactly after the last batch: nothing is lost', async () => {
    const written = await write(SINGLES);
    const disk = written.disk.kill();
    disk.cut(written.lastFile, written.ends[written.ends.length - 1]!);
    expect(difference(await recovered(disk), written.states[written.states.length - 1]!, 1)).toBeUndefined();
  });

  test('in the middle of the log: refuses and names the file and the offset', async () => {
    const written = await write(SINGLES);
    const first = written.disk.fileNames()[0]!;
    const used = usedBytes(written.disk, first);
    for (let at = 64; at < used; at += 7) {
      const disk = written.disk.kill();
      disk.cut(first, at);
      await expect(recovered(disk)).rejects.toMatchObject({ name: 'WalCorruptError', file: first });
    }
  });
});

describe('WAL, sectors that were not written', () => {
  const large = (index: number): WalBatch => ({ entries: [entry(index, 1, Buffer.alloc(1500, 0xab))] });

  test('any set of sectors of the last batch missing: starts, loses only that', async () => {
    const written = await write([large(1), large(2)], 8192);
    const from = written.ends[0]!;
    const to = written.ends[1]!;
    const sectors: [number, number][] = [];
    for (let at = from; at < to; at = at - (at % SECTOR_BYTES) + SECTOR_BYTES) sectors.push([at, Math.min(to, at - (at % SECTOR_BYTES) + SECTOR_BYTES)]);
    expect(sectors.length).toBeGreaterThan(3);
    for (let missing = 1; missing < 1 << sectors.length; missing++) {
      const disk = written.disk.kill();
      sectors.forEach(([start, end], sector) => {
        if (missing & (1 << sector)) disk.damage(written.lastFile, start, Buffer.alloc(end - start));
      });
      expect([missing, difference(await recovered(disk), written.states[1]!, 1)]).toEqual([missing, undefined]);
    }
  });

  test('a sector of an older, synced batch missing: refuses, since a later record says that it was durable', async () => {
    const written = await write([large(1), large(2), large(3)], 8192);
    for (const sector of [1, 2, 3, 4, 5]) {
      const disk = written.disk.kill();
      disk.damage(written.lastFile, sector * SECTOR_BYTES, Buffer.alloc(SECTOR_BYTES));
      await expect(recovered(disk)).rejects.toMatchObject({ name: 'WalCorruptError', file: written.lastFile });
    }
  });

  test('a flipped bit in an older value of zeros is not taken for an unfinished write', async () => {
    const zeros: WalBatch = { entries: [entry(1, 1, Buffer.alloc(1500))] };
    const written = await write([zeros, large(2), large(3)], 8192);
    const disk = written.disk.kill();
    disk.damage(written.lastFile, 700, Buffer.from([1]));
    await expect(recovered(disk)).rejects.toMatchObject({ name: 'WalCorruptError', file: written.lastFile });
  });
});

describe('WAL, flipped bytes', () => {
  test('any byte of any record, the last included: refuses and names the file and the offset', async () => {
    const written = await write(SINGLES);
    const names = written.disk.fileNames().filter((name) => usedBytes(written.disk, name) > 0);
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) {
      const bytes = written.disk.contents(name);
      for (let at = 0; at < usedBytes(written.disk, name); at++) {
        for (const flip of [0x01, 0x80, bytes[at]!]) {
          if (flip === 0) continue;
          const disk = written.disk.kill();
          disk.damage(name, at, Buffer.from([bytes[at]! ^ flip]));
          const error = await recovered(disk).then(() => undefined, (caught: unknown) => caught);
          if (!(error instanceof WalCorruptError)) throw new Error(`byte ${at} of ${name} flipped by ${flip}: ${String(error)}`);
          expect(error.file).toBe(name);
          expect(error.offset).toBeLessThanOrEqual(at);
          expect(error.message).toContain(`${name} at offset ${error.offset}`);
        }
      }
    }
  }, 60_000);

  test('a byte after the end of the log: refuses in its sector, and loses nothing in a later one', async () => {
    const written = await write(SINGLES.slice(0, 2));
    const end = written.ends[written.ends.length - 1]!;
    const sectorEnd = end - (end % SECTOR_BYTES) + SECTOR_BYTES;
    expect(sectorEnd).toBeLessThan(SEGMENT_BYTES);
    for (let at = end; at < SEGMENT_BYTES; at++) {
      const disk = written.disk.kill();
      disk.damage(written.lastFile, at, Buffer.from([0x40]));
      if (at < sectorEnd) await expect(recovered(disk)).rejects.toMatchObject({ name: 'WalCorruptError', file: written.lastFile });
      else expect(difference(await recovered(disk), written.states[written.states.length - 1]!, 1)).toBeUndefined();
    }
  });

  test('a byte after the end of an older segment: refuses', async () => {
    const written = await write([{ entries: [entry(1, 1, Buffer.alloc(200, 1))] }, { entries: [entry(2, 1, Buffer.alloc(1750, 1))] }, { entries: [entry(3)] }], 2048);
    const [first] = written.disk.fileNames();
    expect(usedBytes(written.disk, first!)).toBeLessThan(SECTOR_BYTES);
    const disk = written.disk.kill();
    disk.damage(first!, 1500, Buffer.from([1]));
    await expect(recovered(disk)).rejects.toMatchObject({ name: 'WalCorruptError', file: first });
  });
});

describe('WAL, the head of the oldest segment', () => {
  test('cut at any byte: refuses', async () => {
    const written = await write([]);
    const head = usedBytes(written.disk, written.lastFile);
    for (let at = 0; at < head; at++) {
      const disk = written.disk.kill();
      disk.cut(written.lastFile, at);
      await expect(recovered(disk)).rejects.toMatchObject({ name: 'WalCorruptError', file: written.lastFile });
    }
  });
});

describe('WAL, a cut that is cut short itself', () => {
  test('is done at the next start', async () => {
    const random = new SeededRandom(1);
    const disk = new SimDisk({ random });
    const wal = await Wal.create(walOptions(disk, random, { segmentBytes: SEGMENT_BYTES, spareSegments: 4 }));
    await turn();
    wal.append(SINGLES[0]!);
    await wal.sync();
    const end = usedBytes(disk, disk.fileNames()[0]!);
    wal.append({ entries: Array.from({ length: 10 }, (_, at) => entry(at + 2, 1, Buffer.alloc(300, 1))) });
    const [first, ...later] = disk.fileNames().filter((name) => usedBytes(disk, name) > 0);
    expect(later.length).toBeGreaterThan(2);
    for (let failing = 0; failing < later.length; failing++) {
      const torn = disk.kill().powerLoss(1);
      torn.damage(first!, end - (end % SECTOR_BYTES) + SECTOR_BYTES, Buffer.alloc(SECTOR_BYTES));
      torn.failNext('remove', 'EIO', failing);
      await expect(recovered(torn)).rejects.toThrow('EIO');
      expect(difference(await recovered(torn.powerLoss(1)), afterBatch(EMPTY_STATE, SINGLES[0]!), 1)).toBeUndefined();
    }
  });
});

describe('WAL, files', () => {
  test('a missing segment: refuses and names it', async () => {
    const written = await write(SINGLES);
    await written.disk.remove(written.disk.fileNames()[1]!);
    await expect(recovered(written.disk)).rejects.toThrow('segment 2 before it is missing');
  });

  test('a directory without a log: refuses', async () => {
    await expect(recovered(new SimDisk({ random: new SeededRandom(1) }))).rejects.toThrow('there is no segment');
  });

  test('a segment under the name of another: refuses', async () => {
    const written = await write(SINGLES);
    const [first, second] = written.disk.fileNames();
    await written.disk.rename(first!, second!);
    await expect(recovered(written.disk)).rejects.toThrow('the header says segment 1');
  });

  test('create does not touch a directory that has a log', async () => {
    const written = await write(SINGLES);
    await expect(Wal.create(walOptions(written.disk, new SeededRandom(3)))).rejects.toThrow('there is a WAL');
    expect(difference(await recovered(written.disk), written.states[written.states.length - 1]!, 1)).toBeUndefined();
  });
});
