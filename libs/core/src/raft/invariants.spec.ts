/** Every rule of the checker has a state that breaks it; a checker that lets one pass is broken. */
import { InvariantViolation } from '../base/assert';
import { entriesOf, votersOf } from './cluster.testing';
import { RaftCore } from './core';
import { Invariants } from './invariants';
import { Role } from './types';

function core(): RaftCore {
  return new RaftCore({ id: 1n, random: { int: () => 0 } }, {
    hardState: { term: 3, vote: 2n, commit: 2 }, confState: votersOf(1n, 2n, 3n), start: { index: 0, term: 0 }, entries: entriesOf(1, 2, 3, 3), applied: 1,
  });
}

function leader(state: RaftCore): void {
  state.role = Role.Leader;
  state.leader = 1n;
  state.vote = 1n;
}

const violations: readonly (readonly [string, (state: RaftCore) => void, (state: RaftCore) => void])[] = [
  ['the term fell', () => undefined, (state) => { state.term = 2; }],
  ['two votes in term', () => undefined, (state) => { state.vote = 3n; }],
  ['two leaders in term', (state) => { state.leader = 2n; }, (state) => { state.leader = 3n; }],
  ['a leader became a candidate', (state) => { state.vote = 1n; leader(state); }, (state) => { state.role = Role.Candidate; }],
  ['the commit index fell', () => undefined, (state) => { state.log.committed = 1; }],
  ['the applied index fell', () => undefined, (state) => { state.log.applied = 0; }],
  ['application went back', (state) => { state.log.applying = 2; }, (state) => { state.log.applying = 1; }],
  ['beyond the last entry', () => undefined, (state) => { state.log.committed = 9; }],
  ['only 2 is committed', () => undefined, (state) => { state.log.applying = 3; }],
  ['is applied, but only', () => undefined, (state) => { state.log.applied = 2; }],
  ['is durable', (state) => { state.log.applying = 2; }, (state) => { state.log.applied = 2; state.log.stable = 1; }],
  ['was given to the disk', () => undefined, (state) => { state.log.handed = 3; }],
  ['but the log ends at', () => undefined, (state) => { state.log.handed = 9; }],
  ['the last entry is of term', (state) => { state.term = 3; }, (state) => { state.log.lastTerm = 7; }],
  ['the read position fell', (state) => { state.reads.position = 4; }, (state) => { state.reads.position = 3; }],
  ['does not know that it leads', () => undefined, (state) => { state.term = 4; leader(state); state.leader = 2n; }],
  ['did not vote for itself', () => undefined, (state) => { state.term = 4; leader(state); state.vote = 2n; }],
  ['overwrote its own log', (state) => { state.vote = 1n; leader(state); }, (state) => { state.truncateFrom(4); }],
  ['is not below next', () => undefined, (state) => { state.term = 4; leader(state); state.configuration.get(2n)!.match = 99; }],
  ['uncommitted bytes', () => undefined, (state) => { state.term = 4; leader(state); state.uncommittedBytes = -1; }],
];

test.each(violations)('%s', (text, prepare, break_) => {
  const state = core();
  prepare(state);
  const invariants = new Invariants(state);
  invariants.check(state);
  break_(state);
  let thrown: unknown;
  try {
    invariants.check(state);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvariantViolation);
  expect((thrown as Error).message).toContain(text);
});

test('ordinary progress passes', () => {
  const state = core();
  const invariants = new Invariants(state);
  state.becomeFollower(4, 3n);
  state.log.commitTo(4);
  invariants.check(state);
  state.becomePreCandidate();
  invariants.check(state);
  state.becomeCandidate();
  invariants.check(state);
});
