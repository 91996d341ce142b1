import { CrashDriver, Loss } from './wal-crash-driver.testing';

const SEEDS = Number(process.env.QUORATE_WAL_SEEDS ?? 1000);

describe('WAL, power loss and kill', () => {
  test('everything whose sync resolved is recovered, batches whole or not at all', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) await new CrashDriver({ seed, crashes: 4, stepsPerCrash: 40 }).run();
  }, 10_000 + 60 * SEEDS);

  test('on a disk that cuts within sectors it refuses rather than lose', async () => {
    let refusals = 0;
    for (let seed = 1; seed <= SEEDS / 4; seed++) {
      try {
        await new CrashDriver({ seed, crashes: 4, stepsPerCrash: 40, tear: 'byte' }).run();
      } catch (error) {
        if (error instanceof Loss || (error as Error).name !== 'WalCorruptError') throw error;
        refusals++;
      }
    }
    expect(refusals).toBeGreaterThan(0);
  }, 10_000 + 60 * SEEDS);
});
