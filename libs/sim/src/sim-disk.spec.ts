import { SeededRandom } from './seeded-random';
import { SimDisk } from './sim-disk';

const newDisk = (seed = 1, capacityBytes?: number): SimDisk => new SimDisk({ random: new SeededRandom(seed), capacityBytes });

async function withFile(disk: SimDisk, text: string) {
  const file = await disk.create('a');
  file.write(0, Buffer.from(text));
  return file;
}

describe('SimDisk', () => {
  test('a kill loses nothing, a power loss what was not synced', async () => {
    const disk = newDisk();
    const file = await withFile(disk, 'first');
    await file.sync();
    await disk.syncDirectory();
    file.write(5, Buffer.from(' second'));
    await disk.create('b');
    const killed = disk.kill();
    expect([killed.contents('a').toString(), killed.fileNames()]).toEqual(['first second', ['a', 'b']]);
    const after = killed.powerLoss(0);
    expect([after.contents('a').toString(), after.fileNames()]).toEqual(['first', ['a']]);
    await expect(disk.list()).rejects.toThrow('the power is off');
    expect(() => file.write(0, Buffer.from('x'))).toThrow('the power is off');
  });

  test('a synced file without a synced name is gone; a rename comes whole', async () => {
    const disk = newDisk();
    const file = await withFile(disk, 'x');
    await file.sync();
    expect(disk.kill().powerLoss(0).fileNames()).toEqual([]);
  });

  test('a rename comes whole or not at all', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const disk = newDisk(seed);
      await withFile(disk, 'x');
      await disk.syncDirectory();
      await disk.rename('a', 'b');
      seen.add(disk.powerLoss(0.5).fileNames().join());
    }
    expect([...seen].sort()).toEqual(['a', 'b']);
  });

  test('sectors survive one by one, each as it was at some moment', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 400; seed++) {
      const disk = newDisk(seed);
      const file = await disk.create('a');
      file.write(0, Buffer.alloc(1024, '0'));
      await file.sync();
      await disk.syncDirectory();
      file.write(500, Buffer.alloc(24, '1'));
      file.write(508, Buffer.alloc(2, '2'));
      const bytes = disk.powerLoss(0.5).contents('a');
      seen.add(`${bytes.toString('latin1', 498, 512)} ${bytes.toString('latin1', 512, 526)}`);
    }
    const first = ['00000000000000', '00111111111111', '00111111112211'];
    const second = ['00000000000000', '11111111111100'];
    expect([...seen].sort()).toEqual(first.flatMap((one) => second.map((two) => `${one} ${two}`)).sort());
  });

  test('a sync covers what was written before it began', async () => {
    const disk = newDisk();
    const file = await withFile(disk, 'one');
    await disk.syncDirectory();
    const sync = file.sync();
    file.write(3, Buffer.from('two'));
    await sync;
    expect(disk.powerLoss(0).contents('a').toString()).toBe('one');
  });

  test('fails on demand, and when it is full', async () => {
    const disk = newDisk(1, 10);
    const file = await withFile(disk, '12345678');
    disk.failNext('sync', 'EIO', 1);
    await file.sync();
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    await file.sync();
    expect(await disk.freeBytes()).toBe(2);
    await expect(file.writeLater(8, Buffer.from('abc'))).rejects.toMatchObject({ code: 'ENOSPC' });
    file.write(6, Buffer.from('wxyz'));
    expect(disk.contents('a').toString()).toBe('123456wxyz');
    await expect(disk.open('b')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(disk.create('a')).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe('SeededRandom', () => {
  test('the same seed gives the same numbers, another one others', () => {
    const numbers = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 20 }, () => random.int(1000));
    };
    expect(numbers(5)).toEqual(numbers(5));
    expect(numbers(5)).not.toEqual(numbers(6));
    expect(new SeededRandom(5).bytes(7)).toEqual(new SeededRandom(5).bytes(7));
  });

  test('numbers are spread evenly', () => {
    const random = new SeededRandom(1);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) counts[random.int(10)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    const bytes = random.bytes(100_000);
    expect(bytes.length).toBe(100_000);
    expect(new Set(bytes).size).toBe(256);
  });
});
