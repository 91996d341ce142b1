/** Random schedules over three to five members: whatever is lost, doubled, reordered, delayed or crashed, figure 3 of the paper holds. */
import * as fc from 'fast-check';
import { TestCluster } from './cluster.testing';
import { ACTIONS, type Action, type ActionKind, Schedule } from './schedule.testing';

/** Common things happen often, so that schedules get somewhere between the faults. */
const WEIGHTS: Readonly<Record<ActionKind, number>> = {
  tick: 14, 'tick-many': 1, deliver: 12, 'deliver-many': 14, reorder: 5, drop: 3, duplicate: 3, ready: 10, store: 8, apply: 6, work: 14,
  propose: 14, 'propose-many': 8, read: 8, crash: 1, restart: 2, checkpoint: 2, compact: 2, transfer: 1, campaign: 1, conf: 0, joint: 0, leave: 0,
  partition: 1, heal: 3, settle: 4, flow: 20, unreachable: 1, 'snapshot-report': 1,
};
const WITH_CHANGES: typeof WEIGHTS = { ...WEIGHTS, conf: 3, joint: 2, leave: 2 };

function actions(weights: typeof WEIGHTS): fc.Arbitrary<Action[]> {
  const kinds = ACTIONS.flatMap((kind) => new Array<ActionKind>(weights[kind]).fill(kind));
  const action = fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(1000), b: fc.nat(1000) });
  return fc.array(action, { minLength: 300, maxLength: 1000, size: 'max' });
}

interface Totals {
  commits: number;
  elections: number;
  reads: number;
}

function property(weights: typeof WEIGHTS, totals: Totals, guards: fc.Arbitrary<boolean>): fc.IProperty<[Action[], number, number, boolean]> {
  return fc.property(actions(weights), fc.constantFrom(3, 4, 5), fc.nat(2 ** 30), guards, (schedule, size, seed, guarded) => {
    const settings = { preVote: guarded, checkQuorum: guarded, maxInflightMessages: 3, maxSizePerMessageBytes: 60, maxCommittedBytesPerReady: 80, maxApplyingBytes: 200 };
    const cluster = TestCluster.ofSize(size, { seed, settings });
    const run = new Schedule(cluster);
    for (const action of schedule) run.run(action);
    run.recover();
    totals.commits += run.checker.commitMax;
    totals.elections += run.checker.elections;
    totals.reads += run.checker.readsAnswered;
  });
}

const RUNS = Number(process.env.QUORATE_RAFT_RUNS ?? 150);
const SEED = Number(process.env.QUORATE_RAFT_SEED ?? 20_260_101);
// Shrinking a schedule of a thousand actions takes minutes: only on demand.
const SHRINK = process.env.QUORATE_RAFT_SHRINK === '1';

describe('random schedules', () => {
  test('keep the claims of figure 3, answer no read stale, and recover', () => {
    const totals: Totals = { commits: 0, elections: 0, reads: 0 };
    fc.assert(property(WEIGHTS, totals, fc.boolean()), { numRuns: RUNS, seed: SEED, endOnFailure: !SHRINK });
    // The schedules really did something.
    expect(totals.commits).toBeGreaterThan(RUNS * 10);
    expect(totals.elections).toBeGreaterThan(RUNS * 2);
    expect(totals.reads).toBeGreaterThan(RUNS);
  }, 60_000);

  test('keep them while the membership changes', () => {
    const totals: Totals = { commits: 0, elections: 0, reads: 0 };
    // Without pre-vote and check-quorum a removed member that does not know it disturbs the others: the paper's section 6 says so too.
    fc.assert(property(WITH_CHANGES, totals, fc.constant(true)), { numRuns: RUNS, seed: SEED, endOnFailure: !SHRINK });
    expect(totals.commits).toBeGreaterThan(RUNS * 10);
  }, 60_000);
});
