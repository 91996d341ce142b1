import { type Compare, type RangeRequest, type RequestOp, type TxnRequest, validateTxn } from '@quorate/api';
import * as fc from 'fast-check';
import { type Command, type Sabotage, StoreHarness } from './store-harness.testing';
import type { SavedStore } from './store-options';
import type { SimBackend } from '@quorate/sim';

/** One thing that happens to a store. */
export type Action =
  | { readonly do: 'apply'; readonly command: Command }
  | { readonly do: 'range'; readonly request: RangeRequest; readonly behind: number }
  | { readonly do: 'readTxn'; readonly request: TxnRequest }
  | { readonly do: 'history'; readonly behind: number; readonly bytesMax: number }
  | { readonly do: 'pump' | 'flush' | 'commit' | 'restart' | 'quiesce' };

const KEYS = ['a', 'aa', 'ab', 'b', 'b\0', 'c', 'd', '\xff'];
const key = fc.constantFrom(...KEYS);
const rangeEnd = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: key }, { weight: 2, arbitrary: fc.constant('\0') });
const value = fc.constantFrom('', 'x', 'y', 'zz', 'w'.repeat(300)).map((text) => Buffer.from(text));
const lease = fc.constantFrom(0n, 0n, 0n, 7n, -3n, 99n);
const flag = fc.boolean();
const rarely = fc.constantFrom(false, false, false, true);

const put = fc.record({ key, value, lease, prevKv: flag, ignoreValue: rarely, ignoreLease: rarely }).map((request) => ({
  ...request, value: request.ignoreValue ? Buffer.alloc(0) : request.value, lease: request.ignoreLease ? 0n : request.lease,
}));
const deleteRange = fc.record({ key, rangeEnd, prevKv: flag });
const bound = fc.constantFrom(0, 0, 0, 2, 5, 9, 20);
const range = fc.record({
  key, rangeEnd, limit: fc.constantFrom(0, 0, 1, 2, 3), sortOrder: fc.constantFrom(0, 0, 1, 2), sortTarget: fc.constantFrom(0, 0, 1, 2, 3, 4),
  keysOnly: rarely, countOnly: rarely, minModRevision: bound, maxModRevision: bound, minCreateRevision: bound, maxCreateRevision: bound,
});
/** In commands, which are replayed, revisions are absolute; most lie near the start of a run. */
const txnRange = fc.tuple(range, fc.constantFrom(0, 0, 0, 2, 3, 5, 8, 13, 21, -1, -2)).map(([request, revision]) => ({ ...request, revision }));
const compare: fc.Arbitrary<Compare> = fc.record({
  key, rangeEnd, result: fc.nat(3), target: fc.nat(4), version: fc.nat(3), createRevision: fc.constantFrom(0, 2, 4), modRevision: fc.constantFrom(0, 3, 6), value, lease,
});
const opOf = (nested: fc.Arbitrary<TxnRequest> | undefined): fc.Arbitrary<RequestOp> => fc.oneof(
  { weight: 4, arbitrary: put.map((request): RequestOp => ({ type: 'put', request })) },
  { weight: 2, arbitrary: deleteRange.map((request): RequestOp => ({ type: 'deleteRange', request })) },
  { weight: 3, arbitrary: txnRange.map((request): RequestOp => ({ type: 'range', request })) },
  ...(nested === undefined ? [] : [{ weight: 2, arbitrary: nested.map((request): RequestOp => ({ type: 'txn', request })) }]),
);
const txnOf = (op: fc.Arbitrary<RequestOp>): fc.Arbitrary<TxnRequest> => fc.record({
  compare: fc.array(compare, { maxLength: 2 }), success: fc.array(op, { maxLength: 4 }), failure: fc.array(op, { maxLength: 3 }),
});
const isValid = (request: TxnRequest): boolean => {
  try {
    validateTxn(request, 128);
    return true;
  } catch {
    return false;
  }
};
const txn = txnOf(opOf(txnOf(opOf(txnOf(opOf(undefined)))))).filter(isValid);
const rangeOp = range.map((request): RequestOp => ({ type: 'range', request }));
const readTxn = txnOf(rangeOp);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: put.map((request): Command => ({ type: 'put', request })) },
  { weight: 3, arbitrary: deleteRange.map((request): Command => ({ type: 'deleteRange', request })) },
  { weight: 1, arbitrary: fc.array(key, { maxLength: 4 }).map((keys): Command => ({ type: 'deleteKeys', keys })) },
  { weight: 4, arbitrary: txn.map((request): Command => ({ type: 'txn', request })) },
  { weight: 2, arbitrary: fc.integer({ min: -1, max: 6 }).map((behind): Command => ({ type: 'compact', behind })) },
);
const only = (what: 'pump' | 'flush' | 'commit' | 'restart' | 'quiesce'): fc.Arbitrary<Action> => fc.constant({ do: what });
export const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: command.map((each): Action => ({ do: 'apply', command: each })) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('range' as const), request: range, behind: fc.integer({ min: -1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('readTxn' as const), request: readTxn }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('history' as const), behind: fc.integer({ min: -1, max: 12 }), bytesMax: fc.constantFrom(1, 60, 10_000) }) },
  { weight: 4, arbitrary: only('pump') },
  { weight: 3, arbitrary: only('flush') },
  { weight: 3, arbitrary: only('commit') },
  { weight: 1, arbitrary: only('restart') },
  { weight: 1, arbitrary: only('quiesce') },
);

export interface Run {
  readonly seed: number;
  readonly sliceKeys: number;
  readonly actions: readonly Action[];
}

export const run: fc.Arbitrary<Run> = fc.record({ seed: fc.integer(), sliceKeys: fc.constantFrom(1, 1, 2, 3, 2000), actions: fc.array(action, { minLength: 10, maxLength: 70 }) });

/** Throws where store and model differ. */
export async function carryOut({ seed, sliceKeys, actions }: Run, sabotage?: Sabotage, savedOf?: (saved: SavedStore, backend: SimBackend) => SavedStore): Promise<void> {
  const harness = new StoreHarness(seed, sliceKeys, sabotage, savedOf);
  await harness.start();
  for (const each of actions) await step(harness, each);
  await harness.checkWhole();
  await harness.restart();
  await harness.checkWhole();
}

async function step(harness: StoreHarness, each: Action): Promise<void> {
  const revision = harness.model.revision;
  switch (each.do) {
    case 'apply': return harness.apply(each.command);
    // The present is asked for most, then the recent past and what is still to come.
    case 'range': {
      const asked = each.behind >= 8 ? 0 : revision - each.behind;
      if (asked > revision || (asked > 0 && asked < harness.model.compacted)) return undefined;
      return harness.beginRange({ ...each.request, revision: asked });
    }
    case 'readTxn': return harness.beginReadTxn(each.request);
    case 'history': return harness.beginHistory(Math.max(1, revision - each.behind), each.bytesMax);
    case 'pump': return harness.pump();
    case 'flush': return harness.flush();
    case 'commit': return harness.commit();
    case 'restart': return harness.restart();
    case 'quiesce': return harness.quiesce();
  }
}
