import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FileDisk } from './file-disk';

let directory: string;

beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'quorate-disk-'));
});

afterEach(() => fs.rm(directory, { recursive: true }));

test('a file is closed only when the syncs that were begun are over', async () => {
  const disk = await FileDisk.open(path.join(directory, 'wal'));
  const file = await disk.create('segment');
  file.write(0, Buffer.alloc(1024 * 1024, 1));
  const over: string[] = [];
  const syncs = [file.sync().then(() => over.push('sync')), file.sync().then(() => over.push('sync'))];
  await file.close();
  expect(over).toEqual(['sync', 'sync']);
  await Promise.all(syncs);
  await disk.close();
});

test('a sync that fails says so', async () => {
  const disk = await FileDisk.open(path.join(directory, 'wal'));
  const file = await disk.create('segment');
  await file.close();
  await expect(file.sync()).rejects.toMatchObject({ code: expect.any(String) as string });
  await disk.close();
});
