import { runCrashModel } from './crash-model.testing';

const SEEDS = 120;

test(`${SEEDS} members live, crash, lose power and come back with all that they acknowledged`, async () => {
  const total = { acknowledged: 0, inDoubt: 0, lives: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { acknowledged, inDoubt, lives } = await runCrashModel(seed).catch((error: Error) => {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    });
    total.acknowledged += acknowledged;
    total.inDoubt += inDoubt;
    total.lives += lives;
  }
  // The runs did what they are for.
  expect(total.acknowledged).toBeGreaterThan(SEEDS * 20);
  expect(total.inDoubt).toBeGreaterThan(SEEDS);
}, 60_000);
