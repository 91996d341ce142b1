import type { RangeRequest, ResponseOp, TxnRequest, TxnResponse } from '@quorate/api';
import * as fc from 'fast-check';
import { find, versionsWanted } from './range';
import type { RevisionQueue } from './revision-queue';
import type { RowHolds } from './row-holds';
import type { MvccStore } from './store';
import type { Sabotage } from './store-harness.testing';
import { type Action, carryOut, run } from './store.model.testing';
import type { Versions } from './versions';

/** The parts of a store that the canaries break. */
interface Parts {
  readonly versions: Omit<Versions, 'tombstones'> & { readonly tombstones: RevisionQueue };
  readonly ranges: { steps: unknown; refuseCompacted: unknown };
  readonly holds: RowHolds;
  checkTxnRange: unknown;
}
const partsOf = (store: MvccStore): Parts => store as unknown as Parts;

/** Each is a way in which a store like this has gone wrong, or easily could. */
const SABOTAGES: Readonly<Record<string, Sabotage>> = {
  'a sliced range reads every slice at the revision that is current then': (store) => {
    const { ranges, versions } = partsOf(store);
    ranges.steps = (request: RangeRequest) => find(versions as unknown as Versions, request.key, request.rangeEnd, request.revision ? request.revision : Infinity, versionsWanted(request));
  },
  'a transaction waits between two of its reads': (store) => {
    const readTxn = store.readTxn.bind(store);
    store.readTxn = async (request: TxnRequest): Promise<TxnResponse> => {
      const none = { compare: [], success: [], failure: [] };
      const chosen = await readTxn({ ...request, success: [], failure: [] });
      const responses: ResponseOp[] = [];
      for (const op of chosen.succeeded ? request.success : request.failure) {
        await turn();
        responses.push(...(await readTxn({ ...none, success: [op] })).responses);
      }
      return { ...chosen, responses };
    };
  },
  'compaction drops the tombstone at the compacted revision, and watchers from there on miss the delete': (store) => {
    const { tombstones } = partsOf(store).versions;
    const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(tombstones) as object, 'headMain') as PropertyDescriptor;
    Object.defineProperty(tombstones, 'headMain', { get: () => (get as () => number).call(tombstones) - 1 });
  },
  'superseded values are let go of before the backend has them': (store) => {
    partsOf(store).versions.tail.find = () => undefined;
  },
  'a change in slices hides what it supersedes before it is published': (store) => {
    partsOf(store).versions.shadow = () => undefined;
  },
  'a transaction that reads a compacted revision succeeds on members that still have it': (store) => {
    partsOf(store).checkTxnRange = () => undefined;
  },
};

async function turn(): Promise<void> {
  for (let tick = 0; tick < 20; tick++) await Promise.resolve();
}

async function isCaught(sabotage: Sabotage): Promise<boolean> {
  const property = fc.asyncProperty(run, (each) => carryOut(each, sabotage));
  const { failed } = await fc.check(property, { numRuns: 3000, seed: 7, endOnFailure: true });
  return failed;
}

test.each(Object.entries(SABOTAGES))('the model catches it when %s', async (_what, sabotage) => {
  expect(await isCaught(sabotage)).toBe(true);
}, 60_000);

/** Coincidences that random runs hit too seldom. */
describe('a range at an old revision that a compaction overtakes', () => {
  const put = (key: string): Action => ({ do: 'apply', command: { type: 'put', request: { key, value: Buffer.from('v') } } });
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const compactAll: Action = { do: 'apply', command: { type: 'compact', behind: 0 } };
  const stored: Action[] = [{ do: 'flush' }, { do: 'commit' }];
  const range = (behind: number): Action => ({ do: 'range', request: { key: '\0', rangeEnd: '\0' }, behind });

  test('is caught when rows leave the backend that it has found but not read', async () => {
    const actions = [put('a'), put('a'), put('a'), ...stored, range(1), compactAll, ...stored, { do: 'quiesce' } as const];
    await carryOut({ seed: 1, sliceKeys: 2000, actions });
    const unheld: Sabotage = (store) => {
      partsOf(store).holds.hold = () => 0;
    };
    await expect(carryOut({ seed: 1, sliceKeys: 2000, actions }, unheld)).rejects.toThrow('the backend has lost the version');
  });

  test('is caught when its later slices do not look at the compacted revision', async () => {
    const actions = [...keys.map(put), ...keys.map(put), ...stored, range(7), compactAll, ...keys.map(put), { do: 'quiesce' } as const];
    await carryOut({ seed: 1, sliceKeys: 1, actions });
    const careless: Sabotage = (store) => {
      partsOf(store).ranges.refuseCompacted = () => undefined;
    };
    await expect(carryOut({ seed: 1, sliceKeys: 1, actions }, careless)).rejects.toThrow('range {');
  });
});
