import * as fc from 'fast-check';
import { carryOut, run } from './store.model.testing';

test('store, backend and a naive model agree on every answer, event and row, across slices, lag and restarts', async () => {
  await fc.assert(fc.asyncProperty(run, (each) => carryOut(each)), { numRuns: Number(process.env.QUORATE_MODEL_RUNS ?? 1500), seed: 20261121 });
}, 120_000);
