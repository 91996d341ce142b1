import { type Disk, Wal, type WalBatch, WalFailedError, WalFullError, WalRangeError } from '@quorate/core';
import { type DiskEvent, SeededRandom, SimDisk, type SimDiskOptions } from '@quorate/sim';
import { EMPTY_STATE, difference, entry, METADATA, roomFor, turn, walOptions } from './wal-model.testing';

const SEGMENT_BYTES = 2048;

function newDisk(more: Partial<SimDiskOptions> = {}): SimDisk {
  return new SimDisk({ random: new SeededRandom(1), ...more });
}

function options(disk: Disk, spareSegments = 1) {
  return walOptions(disk, new SeededRandom(2), { segmentBytes: SEGMENT_BYTES, spareSegments });
}

const value = (index: number, bytes = 350): Buffer => Buffer.alloc(bytes, index);

async function fill(wal: Wal, count: number, bytes = 350): Promise<void> {
  for (let at = 0; at < count; at++) {
    await roomFor(wal, bytes, 1);
    wal.append({ entries: [entry(wal.lastIndex + 1, 1, value(wal.lastIndex + 1, bytes))] });
  }
  await wal.sync();
}

async function reopened(disk: SimDisk) {
  return Wal.open(options(disk.kill()));
}

function segments(disk: SimDisk): string[] {
  return disk.fileNames().filter((name) => disk.contents(name).some((byte) => byte !== 0));
}

describe('WAL, a life', () => {
  test('a new log is empty, and found again', async () => {
    const disk = newDisk();
    expect(await Wal.exists(disk)).toBe(false);
    const wal = await Wal.create(options(disk));
    expect([wal.firstIndex, wal.lastIndex, await Wal.exists(disk)]).toEqual([1, 0, true]);
    await wal.close();
    const { recovered } = await reopened(disk);
    expect(recovered).toEqual({ ...EMPTY_STATE, metadata: METADATA, truncatedBytes: 0 });
  });

  test('entries, hard state and ids of 64 bits come back as they were', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk));
    const term = 2 ** 40 + 3;
    const hardState = { term, vote: 0xffff_ffff_ffff_fffen, commit: 2 ** 45 + 1 };
    wal.append({ entries: [], snapshot: { index: 2 ** 45, term: 2 ** 33 } });
    wal.append({ entries: [{ index: 2 ** 45 + 1, term, type: 1, data: Buffer.alloc(0) }, { index: 2 ** 45 + 2, term, type: 0, data: Buffer.from('x') }], hardState });
    await wal.sync();
    const { recovered } = await reopened(disk);
    expect(recovered.hardState).toEqual(hardState);
    expect(recovered.snapshot).toEqual({ index: 2 ** 45, term: 2 ** 33 });
    expect(recovered.entries.map(({ index, term: of, type, data }) => [index, of, type, data.toString()])).toEqual([[2 ** 45 + 1, term, 1, ''], [2 ** 45 + 2, term, 0, 'x']]);
  });

  test('a later entry replaces that of its index and all after it', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk));
    wal.append({ entries: [entry(1), entry(2), entry(3), entry(4)] });
    wal.append({ entries: [entry(3, 2)], hardState: { term: 2, vote: 1n, commit: 2 } });
    expect(wal.lastIndex).toBe(3);
    expect((await wal.entries(1, 4, 1000)).map((one) => one.term)).toEqual([1, 1, 2]);
    await wal.sync();
    const { recovered } = await reopened(disk);
    expect(recovered.entries.map((one) => [one.index, one.term])).toEqual([[1, 1], [2, 1], [3, 2]]);
  });

  test('a batch leaves in one write', async () => {
    const events: DiskEvent[] = [];
    const wal = await Wal.create(options(newDisk({ onEvent: (event) => events.push(event) })));
    await turn();
    events.length = 0;
    wal.append({ entries: [entry(1), entry(2), entry(3)], hardState: { term: 1, vote: 1n, commit: 0 }, snapshot: { index: 0, term: 0 } });
    expect(events).toEqual([{ operation: 'write', name: '0000000000000001.wal', phase: 'done' }]);
  });

  test('the bytes of entries are taken at append, not later', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk));
    const data = Buffer.from('as it was');
    wal.append({ entries: [entry(1, 1, ''), { ...entry(2), data }] });
    data.fill(0);
    expect((await wal.entries(2, 3, 1000))[0]!.data.toString()).toBe('as it was');
  });

  test('one batch may go over several segments, whole or not at all', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk, 3));
    await turn();
    const batch: WalBatch = { hardState: { term: 9, vote: 3n, commit: 0 }, entries: Array.from({ length: 12 }, (_, at) => entry(at + 1, 9, value(at))) };
    wal.append(batch);
    expect(segments(disk).length).toBe(3);
    const torn = disk.powerLoss(0);
    expect((await Wal.open(options(torn))).recovered).toMatchObject({ entries: [], hardState: { term: 0 } });
  });

  test('a segment begun within a batch says what the batch says, once the older ones are trimmed', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk, 2));
    await turn();
    wal.append({ snapshot: { index: 10, term: 3 }, hardState: { term: 4, vote: 5n, commit: 10 }, entries: Array.from({ length: 9 }, (_, at) => entry(at + 11, 4, value(at))) });
    await wal.sync();
    expect(await wal.trim(19)).toBeGreaterThan(11);
    const { recovered } = await reopened(disk);
    expect(recovered).toMatchObject({ snapshot: { index: 10, term: 3 }, hardState: { term: 4, vote: 5n, commit: 10 } });
    expect(recovered.entries[recovered.entries.length - 1]!.index).toBe(19);
  });
});

describe('WAL, segments', () => {
  test('goes on in zero-filled segments, and is found again at every moment', async () => {
    const disk = newDisk();
    let wal = await Wal.create(options(disk));
    let live = disk;
    for (let round = 0; round < 20; round++) {
      await fill(wal, 1);
      if (round % 2 === 0) await turn();
      live = live.kill();
      const opened = await Wal.open(options(live));
      wal = opened.wal;
      expect(opened.recovered.entries.map((one) => one.index)).toEqual(Array.from({ length: round + 1 }, (_, at) => at + 1));
    }
    expect(segments(live).length).toBeGreaterThan(4);
  });

  test('trim drops whole segments only, and gives them back to be used again', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk));
    await fill(wal, 14);
    const names = segments(disk);
    expect(names.length).toBe(4);
    const firstIndex = await wal.trim(10);
    expect(firstIndex).toBeLessThanOrEqual(10);
    expect(firstIndex).toBeGreaterThan(4);
    await turn();
    expect(segments(disk).length).toBe(2);
    await expect(wal.entries(firstIndex - 1, 12, 1000)).rejects.toThrow(WalRangeError);
    expect((await wal.entries(firstIndex, 15, 100_000)).map((one) => one.index)).toEqual(Array.from({ length: 15 - firstIndex }, (_, at) => firstIndex + at));
    await fill(wal, 10);
    const { recovered, wal: next } = await reopened(disk);
    expect(recovered.entries.map((one) => one.data)).toEqual(Array.from({ length: 25 - firstIndex }, (_, at) => value(firstIndex + at)));
    expect(next.firstIndex).toBe(firstIndex);
  });

  test('files of a preparation that was cut short are removed', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk));
    await wal.close();
    const next = disk.kill();
    await next.create('0000000000000002.wal.tmp');
    await (await Wal.open(options(next))).wal.close();
    expect(next.fileNames()).toEqual(['0000000000000001.wal', '0000000000000002.wal']);
  });

  test('segments of another size are taken over', async () => {
    const disk = newDisk();
    await fill(await Wal.create(options(disk)), 6);
    const larger = disk.kill();
    const { wal, recovered } = await Wal.open(walOptions(larger, new SeededRandom(4), { segmentBytes: 8192 }));
    expect(recovered.entries.length).toBe(6);
    await fill(wal, 10, 1000);
    expect((await Wal.open(options(larger.kill()))).recovered.entries.length).toBe(16);
  });

  test('entries are read back in pieces of the size asked for', async () => {
    const wal = await Wal.create(options(newDisk()));
    await fill(wal, 12);
    expect((await wal.entries(3, 13, 1000)).map((one) => one.index)).toEqual([3, 4]);
    expect((await wal.entries(3, 13, 1)).map((one) => one.index)).toEqual([3]);
    expect((await wal.entries(3, 3, 1000))).toEqual([]);
    expect(wal.term(12)).toBe(1);
    expect(wal.term(13)).toBeUndefined();
    await expect(wal.entries(3, 14, 1000)).rejects.toThrow(WalRangeError);
  });
});

describe('WAL, reading while it goes on', () => {
  test('a segment is not given back before reads of it are done', async () => {
    const waiting: (() => void)[] = [];
    let held = false;
    const disk = newDisk({ delay: (operation) => (operation === 'read' && held ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()) });
    const wal = await Wal.create(options(disk));
    await fill(wal, 14);
    held = true;
    const read = wal.entries(1, 14, 1_000_000);
    await turn();
    const trimmed = wal.trim(14);
    await fill(wal, 8);
    for (let turns = 0; turns < 20; turns++) {
      waiting.shift()?.();
      await turn();
    }
    held = false;
    expect((await read).map((one) => one.data)).toEqual(Array.from({ length: 13 }, (_, at) => value(at + 1)));
    expect(await trimmed).toBeGreaterThan(8);
    expect(wal.lastIndex).toBe(22);
  });

  test('an overwrite does not change what was asked for before', async () => {
    const waiting: (() => void)[] = [];
    let held = false;
    const wal = await Wal.create(options(newDisk({ delay: (operation) => (operation === 'read' && held ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()) })));
    await fill(wal, 3);
    held = true;
    const read = wal.entries(1, 4, 1_000_000);
    wal.append({ entries: [entry(2, 2, 'other')] });
    waiting.shift()!();
    expect((await read).map((one) => one.term)).toEqual([1, 1, 1]);
  });
});

describe('WAL, a full disk', () => {
  test('refuses proposals, keeps reading, and goes on when space is back', async () => {
    const disk = newDisk({ capacityBytes: 2 * SEGMENT_BYTES });
    const wal = await Wal.create(options(disk));
    await turn();
    let last = 0;
    while (wal.hasRoom(350)) {
      wal.append({ entries: [entry(++last, 1, value(last))] });
      await wal.sync();
    }
    expect(last).toBeGreaterThan(5);
    expect((await wal.entries(1, last + 1, 100_000)).length).toBe(last);
    for (let refusal = 0; refusal < 10; refusal++) {
      await turn();
      expect(wal.hasRoom(350)).toBe(false);
    }
    await turn();
    disk.capacityBytes = 3 * SEGMENT_BYTES;
    expect(wal.hasRoom(350)).toBe(false);
    await turn();
    expect(wal.hasRoom(350)).toBe(true);
    await fill(wal, 1);
    expect((await reopened(disk)).recovered.entries.length).toBe(last + 1);
  });

  test('goes on when trimming gave a segment back', async () => {
    const disk = newDisk({ capacityBytes: 2 * SEGMENT_BYTES });
    const wal = await Wal.create(options(disk));
    await fill(wal, 8);
    await turn();
    expect(wal.hasRoom(350)).toBe(false);
    await wal.trim(6);
    await turn();
    expect(wal.hasRoom(350)).toBe(true);
    await fill(wal, 3);
    expect((await reopened(disk)).recovered.entries.map((one) => one.index)).toEqual([5, 6, 7, 8, 9, 10, 11]);
  });

  test('what must be written still has room, until nothing is left; then nothing is written', async () => {
    const disk = newDisk({ capacityBytes: 2 * SEGMENT_BYTES });
    const wal = await Wal.create(options(disk));
    await turn();
    while (wal.hasRoom(350)) wal.append({ entries: [entry(wal.lastIndex + 1, 1, value(1))] });
    const hardState = { term: 5, vote: 1n, commit: 1 };
    wal.append({ entries: [], hardState });
    const before = segments(disk).map((name) => disk.contents(name));
    const lastIndex = wal.lastIndex;
    expect(() => wal.append({ entries: [entry(lastIndex + 1, 1, value(1)), entry(lastIndex + 2, 1, value(1))] })).toThrow(WalFullError);
    expect(segments(disk).map((name) => disk.contents(name))).toEqual(before);
    expect(wal.lastIndex).toBe(lastIndex);
    await wal.sync();
    expect((await reopened(disk)).recovered).toMatchObject({ hardState });
  });

  test('an entry larger than a segment has no room', async () => {
    const wal = await Wal.create(options(newDisk()));
    await turn();
    expect(wal.hasRoom(SEGMENT_BYTES)).toBe(false);
    expect(() => wal.append({ entries: [entry(1, 1, Buffer.alloc(SEGMENT_BYTES))] })).toThrow(WalFullError);
  });

  test('a preparation that fails otherwise is tried again', async () => {
    const disk = newDisk();
    disk.failNext('writeLater', 'EIO', 1);
    const wal = await Wal.create(options(disk));
    await fill(wal, 2);
    await turn();
    for (let refusal = 0; refusal < 1000; refusal++) expect(wal.hasRoom(1000)).toBe(false);
    await turn();
    expect(wal.hasRoom(1000)).toBe(true);
  });
});

describe('WAL, syncs', () => {
  test('none is reported before the disk says that it is done; callers share the next one', async () => {
    const trace: string[] = [];
    let release: (() => void)[] = [];
    const disk = newDisk({
      onEvent: ({ operation, name, phase }) => {
        if (operation === 'sync' && name.endsWith('.wal')) trace.push(`disk ${phase}`);
      },
      delay: (operation) => (operation === 'sync' && held ? new Promise((resolve) => release.push(resolve)) : Promise.resolve()),
    });
    let held = false;
    const wal = await Wal.create(options(disk));
    await turn();
    held = true;
    trace.length = 0;
    const sync = (name: string): Promise<void> => wal.sync().then(() => {
      trace.push(name);
    });
    const done: Promise<void>[] = [];
    wal.append({ entries: [entry(1)] });
    done.push(sync('first'), sync('first again'));
    wal.append({ entries: [entry(2)] });
    done.push(sync('second'));
    wal.append({ entries: [entry(3)] });
    done.push(sync('third'));
    await turn();
    expect(trace).toEqual(['disk started']);
    release.shift()!();
    await turn();
    expect(trace).toEqual(['disk started', 'disk done', 'first', 'first again', 'disk started']);
    wal.append({ entries: [entry(4)] });
    done.push(sync('fourth'));
    held = false;
    release.shift()!();
    release = [];
    await Promise.all(done);
    expect(trace.slice(5)).toEqual(['disk done', 'disk started', 'second', 'third', 'disk done', 'fourth']);
    await wal.sync();
    expect(trace.length).toBe(11);
  });

  test('a segment that was left is synced before the one that follows it', async () => {
    const trace: string[] = [];
    const disk = newDisk({
      onEvent: ({ operation, name, phase }) => {
        if (operation === 'sync' && name.endsWith('.wal') && phase === 'done') trace.push(name);
      },
    });
    const wal = await Wal.create(options(disk, 2));
    await turn();
    wal.append({ entries: Array.from({ length: 10 }, (_, at) => entry(at + 1, 1, value(at))) });
    await wal.sync();
    expect(trace).toEqual(['0000000000000001.wal', '0000000000000002.wal', '0000000000000003.wal']);
  });

  test('a spare has its name only when its zeros are synced', async () => {
    const trace: string[] = [];
    const disk = newDisk({
      onEvent: ({ operation, name, phase }) => {
        if (phase === 'done' && name.startsWith('0000000000000002')) trace.push(operation);
      },
    });
    await Wal.create(options(disk));
    await turn();
    expect(trace).toEqual(['create', 'writeLater', 'sync', 'rename', 'open']);
  });

  test('a failed sync reaches every waiter, and nothing works afterwards', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk));
    await turn();
    disk.failNext('sync');
    wal.append({ entries: [entry(1)] });
    const waiters = [wal.sync(), wal.sync()];
    wal.append({ entries: [entry(2)] });
    waiters.push(wal.sync(), wal.sync());
    for (const result of await Promise.allSettled(waiters)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'WalFailedError', cause: { code: 'EIO' } } });
    }
    await expectRefusal(wal);
  });

  test('a failed write ends it too', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk));
    await turn();
    disk.failNext('write', 'ENOSPC');
    expect(() => wal.append({ entries: [entry(1)] })).toThrow(WalFailedError);
    await expectRefusal(wal);
  });

  test('nothing works after close, and close waits for the sync under way', async () => {
    const disk = newDisk();
    const wal = await Wal.create(options(disk));
    wal.append({ entries: [entry(1)] });
    let synced = false;
    void wal.sync().then(() => {
      synced = true;
    });
    await wal.close();
    expect(synced).toBe(true);
    expect(wal.hasRoom(1)).toBe(false);
    expect(() => wal.append({ entries: [entry(2)] })).toThrow(WalFailedError);
    await expect(wal.sync()).rejects.toThrow(WalFailedError);
    expect(difference((await reopened(disk)).recovered, { ...EMPTY_STATE, entries: [entry(1)] }, 1)).toBeUndefined();
  });

  async function expectRefusal(wal: Wal): Promise<void> {
    expect(wal.hasRoom(1)).toBe(false);
    expect(() => wal.append({ entries: [entry(9)] })).toThrow(WalFailedError);
    await expect(wal.sync()).rejects.toThrow(WalFailedError);
    await expect(wal.trim(1)).rejects.toThrow(WalFailedError);
    await expect(wal.entries(1, 1, 1)).rejects.toThrow(WalFailedError);
    await wal.close();
  }
});
