import { SqliteBackend } from '@quorate/runtime';
import { writeSync } from 'node:fs';
import { batchOf } from './store-workload.testing';

/**
 * A program that writes the batches of the workload until it is killed or has reached an index, and says on its output,
 * one line each: `c<index>` after a commit, `s<index>` after a sync.
 */
async function main(directory: string, lastIndex: number): Promise<void> {
  const backend = await SqliteBackend.open({ directory, checkpointBytes: 200_000, walBytesMax: 1_500_000 });
  const { appliedIndex } = await backend.load();
  for (let index = appliedIndex + 1; index <= lastIndex; index++) {
    await backend.commit(batchOf(index));
    writeSync(1, `c${index}\n`);
    if (index % 8 === 0) writeSync(1, `s${await backend.sync()}\n`);
  }
}

main(process.argv[2]!, Number(process.argv[3])).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
