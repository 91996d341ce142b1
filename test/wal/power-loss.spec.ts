import { CrashDriver } from './wal-crash-driver.testing';

const SEEDS = Number(process.env.WAL_SEEDS ?? 1500);
const FIRST = Number(process.env.WAL_FIRST ?? 1);

describe('WAL, power loss and kill', () => {
  test('everything whose sync resolved is recovered, batches whole or not at all', async () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) await new CrashDriver({ seed, crashes: 4, stepsPerCrash: 40 }).run();
  }, 120_000);
});
