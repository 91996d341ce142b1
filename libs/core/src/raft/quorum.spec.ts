/** Majorities against the plainest possible reference. */
import * as fc from 'fast-check';
import { VoteResult, quorumHolds, quorumIndex, quorumVote } from './quorum';

const members = fc.array(fc.nat(20), { maxLength: 7 });

/** The greatest value that a majority reaches, by trying all of them. */
function reference(values: readonly number[]): number {
  if (values.length === 0) return Infinity;
  return Math.max(...values.filter((value) => values.filter((other) => other >= value).length * 2 > values.length));
}

test('the quorum index is the greatest that a majority of each half has reached', () => {
  fc.assert(fc.property(members, members, (voters, outgoing) => {
    expect(quorumIndex({ voters, outgoing }, (value) => value)).toBe(Math.min(reference(voters), reference(outgoing)));
  }), { seed: 1 });
});

test('an election is won when both halves are, lost when one cannot be won any more', () => {
  const votes = fc.array(fc.constantFrom(true, false, undefined), { maxLength: 7 });
  const half = (list: readonly (boolean | undefined)[]): VoteResult => {
    if (list.length === 0 || list.filter((vote) => vote === true).length * 2 > list.length) return VoteResult.Won;
    return list.filter((vote) => vote !== false).length * 2 > list.length ? VoteResult.Pending : VoteResult.Lost;
  };
  fc.assert(fc.property(votes, votes, (voters, outgoing) => {
    const halves = [half(voters), half(outgoing)];
    const expected = halves.includes(VoteResult.Lost) ? VoteResult.Lost : halves.includes(VoteResult.Pending) ? VoteResult.Pending : VoteResult.Won;
    expect(quorumVote({ voters, outgoing }, (vote) => vote)).toBe(expected);
  }), { seed: 2 });
});

test.each([[0, 0, true], [1, 0, false], [1, 1, true], [2, 1, false], [3, 2, true], [4, 2, false], [5, 3, true]])('of %d members %d hold a quorum: %s', (size, holding, expected) => {
  const voters = Array.from({ length: size }, (_, i) => i < holding);
  expect(quorumHolds({ voters, outgoing: [] }, (holds) => holds)).toBe(expected);
});
