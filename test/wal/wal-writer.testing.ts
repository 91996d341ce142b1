import { writeSync } from 'node:fs';
import { Wal } from '@quorate/core';
import { FileDisk, SystemRandom } from '@quorate/runtime';
import { entry, walOptions } from './wal-model.testing';

/**
 * A program that takes a directory, says `held`, and appends to the log in it until it is killed; after each sync it says the last index.
 */
async function main(directory: string): Promise<void> {
  const disk = await FileDisk.open(directory);
  writeSync(1, 'held\n');
  const options = walOptions(disk, new SystemRandom(), { segmentBytes: 64 * 1024 });
  const wal = (await Wal.exists(disk)) ? (await Wal.open(options)).wal : await Wal.create(options);
  for (;;) {
    const first = wal.lastIndex + 1;
    while (!wal.hasRoom(5000, 10)) await new Promise(setImmediate);
    wal.append({ entries: Array.from({ length: 1 + (first % 10) }, (_, at) => entry(first + at, 1, `${first + at} `.repeat(1 + (first % 90)))) });
    await wal.sync();
    writeSync(1, `${wal.lastIndex}\n`);
  }
}

main(process.argv[2]!).catch((error: unknown) => {
  writeSync(1, `${String(error)}\n`);
  process.exitCode = 1;
});
