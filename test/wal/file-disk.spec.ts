import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Wal } from '@quorate/core';
import { DirectoryLock, DirectoryLockedError, FileDisk, SystemRandom } from '@quorate/runtime';
import { entry, walOptions } from './wal-model.testing';

const register = path.resolve(__dirname, '..', 'support', 'typescript-register.cjs');
const program = path.resolve(__dirname, 'wal-writer.testing.ts');

let directory: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-wal-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  fs.rmSync(directory, { recursive: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Starts a writer; its lines, as they come. */
function writer(): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, ['-r', register, program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() };
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  return ((await lines.next()) as IteratorResult<string, undefined>).value ?? '';
}

describe('FileDisk', () => {
  test('reads what it writes; short at the end only', async () => {
    const disk = await FileDisk.open(path.join(directory, 'a', 'b'));
    const file = await disk.create('x');
    file.write(3, Buffer.from('abc'));
    await file.writeLater(6, Buffer.from('def'));
    await file.sync();
    await disk.syncDirectory();
    expect(await file.sizeBytes()).toBe(9);
    expect((await file.read(0, 100)).toString()).toBe('\0\0\0abcdef');
    expect((await file.read(4, 2)).toString()).toBe('bc');
    expect((await file.read(50, 2)).length).toBe(0);
    await file.close();
    await expect(disk.create('x')).rejects.toMatchObject({ code: 'EEXIST' });
    await disk.rename('x', 'y');
    expect(await disk.list()).toEqual(['y']);
    await expect(disk.open('x')).rejects.toMatchObject({ code: 'ENOENT' });
    await disk.remove('y');
    expect(await disk.list()).toEqual([]);
    expect(await disk.freeBytes()).toBeGreaterThan(0);
    await disk.close();
  });

  test('carries a log through rotation, trimming and restarts', async () => {
    for (let round = 0; round < 4; round++) {
      const disk = await FileDisk.open(directory);
      const options = walOptions(disk, new SystemRandom(), { segmentBytes: 64 * 1024 });
      const opened = round === 0 ? undefined : await Wal.open(options);
      const wal = opened?.wal ?? await Wal.create(options);
      if (opened) expect(opened.recovered.entries[opened.recovered.entries.length - 1]!.index).toBe(round * 300);
      while (wal.lastIndex < (round + 1) * 300) {
        const index = wal.lastIndex + 1;
        while (!wal.hasRoom(1000)) await new Promise(setImmediate);
        wal.append({ entries: [entry(index, 1, Buffer.alloc(1000, index))] });
        if (index % 10 === 0) await wal.sync();
      }
      await wal.trim(wal.lastIndex - 50);
      for (const one of await wal.entries(wal.firstIndex, wal.lastIndex + 1, 10_000_000)) expect(one.data).toEqual(Buffer.alloc(1000, one.index));
      expect((await disk.list()).length).toBeLessThan(5);
      await wal.close();
      await disk.close();
    }
  });
});

describe('the lock of a directory', () => {
  test('is held once, within one process too', async () => {
    const disk = await FileDisk.open(directory);
    await expect(FileDisk.open(directory)).rejects.toThrow(DirectoryLockedError);
    await expect(DirectoryLock.acquire(directory)).rejects.toThrow(`cannot open data directory ${directory}: locked by another process`);
    expect(fs.readdirSync(directory)).toEqual(['lock']);
    await disk.close();
    await (await FileDisk.open(directory)).close();
  });

  test('refuses a second process, and is free as soon as the holder was killed', async () => {
    const { child, lines } = writer();
    expect(await nextLine(lines)).toBe('held');
    await expect(FileDisk.open(directory)).rejects.toThrow(DirectoryLockedError);
    const second = writer();
    expect(await nextLine(second.lines)).toContain('locked by another process');
    await kill(child);
    await (await FileDisk.open(directory)).close();
  }, 20_000);
});

describe('kill -9', () => {
  test('loses nothing that was synced', async () => {
    let durable = 0;
    for (let round = 0; round < 4; round++) {
      const { child, lines } = writer();
      expect(await nextLine(lines)).toBe('held');
      for (let count = 20 + 37 * round; count > 0; count--) durable = Number(await nextLine(lines));
      await kill(child);
      for (let line = await nextLine(lines); line !== ''; line = await nextLine(lines)) durable = Number(line);
      const disk = await FileDisk.open(directory);
      const { wal } = await Wal.open(walOptions(disk, new SystemRandom(), { segmentBytes: 64 * 1024 }));
      expect(wal.lastIndex).toBeGreaterThanOrEqual(durable);
      const entries = await wal.entries(1, wal.lastIndex + 1, 100_000_000);
      expect(entries.map((one) => one.index)).toEqual(Array.from({ length: wal.lastIndex }, (_, at) => at + 1));
      expect(entries.every((one) => one.data.toString().startsWith(`${one.index} `))).toBe(true);
      await wal.close();
      await disk.close();
    }
  }, 60_000);
});
