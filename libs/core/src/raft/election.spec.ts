/** Elections beyond the paper's rules: contention, pre-vote, check-quorum, and the cases that once went wrong elsewhere. */
import { TestCluster, entriesOf } from './cluster.testing';
import { type Message, MessageType } from './message';
import { Role } from './types';

const plain = { preVote: false, checkQuorum: false };
const guarded = { preVote: true, checkQuorum: true };

function vote(from: bigint, term: number, type: typeof MessageType.Vote | typeof MessageType.PreVote = MessageType.Vote): Message {
  return { type, from, to: 1n, term, lastTerm: 9, lastIndex: 99, transfer: false, commit: 0, commitTerm: 0 };
}

/** A cluster whose member 1 is in `role`, in term 1 (leaders and followers) or asking for it. */
function inRole(role: Role): TestCluster {
  const cluster = TestCluster.ofSize(3, { settings: { ...guarded, preVote: role === Role.PreCandidate, checkQuorum: false } });
  if (role === Role.Follower) cluster.elect(2n);
  else if (role === Role.Leader) cluster.elect(1n);
  else cluster.get(1n).raft.campaign();
  cluster.work(cluster.get(1n));
  expect(cluster.get(1n).raft.role).toBe(role);
  return cluster;
}

const ROLES = [Role.Follower, Role.PreCandidate, Role.Candidate, Role.Leader];

describe('voting', () => {
  test.each(ROLES)('a member in role %d votes for a better log in a newer term, and follows in it', (role) => {
    const cluster = inRole(role);
    const member = cluster.get(1n);
    const mark = cluster.sent.length;
    member.raft.step(vote(3n, member.raft.term + 1));
    cluster.work(member);
    expect(cluster.sentOf(MessageType.VoteResponse, mark)).toMatchObject([{ to: 3n, reject: false }]);
    expect(member.raft.status()).toMatchObject({ role: Role.Follower, vote: 3n });
  });

  test.each(ROLES)('a member in role %d answers a pre-vote without changing anything', (role) => {
    const cluster = inRole(role);
    const member = cluster.get(1n);
    const before = member.raft.status();
    const mark = cluster.sent.length;
    member.raft.step(vote(3n, member.raft.term + 1, MessageType.PreVote));
    cluster.work(member);
    expect(cluster.sentOf(MessageType.PreVoteResponse, mark)).toMatchObject([{ to: 3n, reject: false, term: before.term + 1 }]);
    expect(member.raft.status()).toEqual(before);
  });

  test('a granted vote resets the voter\'s timeout, a refused one does not', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain, init: { 1: { entries: entriesOf(2) } } });
    const { raft } = cluster.get(1n);
    cluster.tick(1n, 9);
    raft.step({ ...vote(2n, 3), lastTerm: 1, lastIndex: 1 } as Message);
    expect(raft.status().vote).toBe(0n);
    cluster.tick(1n, 9);
    raft.step(vote(3n, 4));
    cluster.tick(1n, 9);
    expect(raft.role).toBe(Role.Follower);
  });
});

describe('contention', () => {
  test('of two candidates the one that is cut off concedes when it hears the winner', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.isolate(3n);
    cluster.get(1n).raft.campaign();
    cluster.get(3n).raft.campaign();
    cluster.settle();
    expect(cluster.get(1n).raft.role).toBe(Role.Leader);
    expect(cluster.get(3n).raft.role).toBe(Role.Candidate);
    cluster.heal();
    cluster.propose(1n, 'x');
    cluster.elapse(1);
    expect(cluster.get(3n).raft.status()).toMatchObject({ role: Role.Follower, term: 1, leader: 1n });
    expect(cluster.applied(3n)).toEqual(['x']);
  });

  test('a candidate that returns with a higher term but a shorter log deposes the leader without winning (no pre-vote)', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.isolate(3n);
    cluster.elect(1n);
    cluster.elect(3n);
    cluster.elect(3n);
    cluster.heal();
    cluster.elect(3n);
    expect(cluster.get(3n).raft.role).not.toBe(Role.Leader);
    expect(cluster.get(1n).raft.role).toBe(Role.Follower);
    cluster.elapse(60);
    expect(cluster.leaders).toHaveLength(1);
    expect(cluster.leaders[0]!.id).not.toBe(0n);
  });

  test('with pre-vote it does not', () => {
    const cluster = TestCluster.ofSize(3, { settings: { ...guarded, checkQuorum: false } });
    cluster.isolate(3n);
    cluster.elect(1n);
    cluster.elect(3n);
    cluster.elect(3n);
    expect(cluster.get(3n).raft.term).toBe(0);
    cluster.heal();
    cluster.elect(3n);
    expect(cluster.get(1n).raft.status()).toMatchObject({ role: Role.Leader, term: 1 });
  });

  test('a split pre-vote leaves terms alone and is resolved by the timeouts', () => {
    const cluster = TestCluster.ofSize(3, { settings: guarded });
    cluster.elect(1n);
    cluster.get(1n).crash();
    cluster.tick(2n, 9);
    cluster.tick(3n, 9);
    cluster.get(2n).raft.campaign();
    cluster.get(3n).raft.campaign();
    cluster.settle();
    cluster.elapse(60);
    expect(cluster.leaders).toHaveLength(1);
  });

  test('a new leader overwrites entries of a higher term that were never committed', () => {
    // 1 and 2 have entries of the failed leader of term 3; 3, 4 and 5 agree on term 2.
    const hardState = { term: 3, vote: 0n, commit: 0 };
    const cluster = TestCluster.ofSize(5, {
      settings: plain,
      init: {
        1: { entries: entriesOf(1, 2), hardState }, 2: { entries: entriesOf(1, 3), hardState }, 3: { entries: entriesOf(1, 2), hardState },
        4: { entries: entriesOf(1), hardState }, 5: { entries: entriesOf(1), hardState },
      },
    });
    cluster.elect(1n);
    for (const id of [1n, 2n, 3n, 4n, 5n]) expect(cluster.terms(id)).toEqual([1, 2, 4]);
  });
});

describe('check-quorum', () => {
  test('a leader that a quorum answers stays, one that nobody answers steps down within two election timeouts', () => {
    const cluster = TestCluster.ofSize(3, { settings: guarded });
    cluster.elect(1n);
    cluster.partition([1n, 2n], [3n]);
    cluster.elapse(40);
    expect(cluster.get(1n).raft.role).toBe(Role.Leader);
    cluster.isolate(1n);
    cluster.elapse(20);
    expect(cluster.get(1n).raft.role).not.toBe(Role.Leader);
  });

  test('a member stuck in a higher term is freed: its answer makes the leader step down, and a new election includes it', () => {
    const cluster = TestCluster.ofSize(3, { settings: { preVote: false, checkQuorum: true } });
    cluster.elect(1n);
    cluster.isolate(3n);
    for (let i = 0; i < 5; i++) cluster.elect(3n);
    cluster.heal();
    cluster.elapse(60);
    const { term } = cluster.leaders[0]!.raft;
    expect(term).toBeGreaterThan(5);
    for (const id of [1n, 2n, 3n]) expect(cluster.get(id).raft.term).toBe(term);
  });

  test('a voter that cannot be elected itself (the others do not know it yet) still follows and votes', () => {
    const learner = { voters: [1n], learners: [2n], votersOutgoing: [], learnersNext: [], autoLeave: false };
    const cluster = new TestCluster({ confState: learner, settings: guarded });
    cluster.tick(2n, 100);
    expect(cluster.get(2n).raft.status()).toMatchObject({ role: Role.Follower, term: 0 });
    cluster.elect(1n);
    expect(cluster.get(2n).raft.leader).toBe(1n);
    cluster.get(2n).restart();
    cluster.get(2n).raft.step({ ...vote(9n, 5), to: 2n } as Message);
    cluster.work(cluster.get(2n));
    expect(cluster.sentOf(MessageType.VoteResponse)).toContainEqual(expect.objectContaining({ from: 2n, to: 9n, reject: false }));
  });

  test('a partitioned member that returns does not disturb the leader', () => {
    const cluster = TestCluster.ofSize(3, { settings: guarded });
    cluster.elect(1n);
    cluster.isolate(3n);
    cluster.elapse(100);
    cluster.heal();
    cluster.elapse(20);
    expect(cluster.get(1n).raft.status()).toMatchObject({ role: Role.Leader, term: 1 });
    expect(cluster.get(3n).raft.leader).toBe(1n);
  });

  test('a member with a smaller term but the best log can complete an election', () => {
    const cluster = TestCluster.ofSize(3, { settings: guarded });
    cluster.elect(1n);
    cluster.isolate(3n);
    cluster.elapse(1);
    cluster.get(1n).crash();
    cluster.elapse(40);
    expect(cluster.leaders).toEqual([]);
    cluster.heal();
    cluster.elapse(60);
    expect(cluster.leaders).toHaveLength(1);
  });
});

describe('commit knowledge in votes', () => {
  const refusal = (commit: number, commitTerm: number): Message => ({ type: MessageType.PreVoteResponse, from: 2n, to: 1n, term: 2, reject: true, commit, commitTerm });

  test.each([
    { commit: 2, commitTerm: 1, expected: 2, why: 'the very entry is in the log' },
    { commit: 2, commitTerm: 2, expected: 0, why: 'another entry stands there' },
    { commit: 9, commitTerm: 1, expected: 0, why: 'the log is too short' },
  ])('a candidate that hears of commit $commitTerm/$commit commits $expected: $why', ({ commit, commitTerm, expected }) => {
    const cluster = TestCluster.ofSize(3, { settings: guarded, init: { 1: { entries: entriesOf(1, 1, 1), hardState: { term: 2, vote: 0n, commit: 0 } } } });
    const { raft } = cluster.get(1n);
    raft.campaign();
    raft.step(refusal(commit, commitTerm));
    expect(raft.committed).toBe(expected);
  });
});

describe('votes and the disk', () => {
  test('a candidate asks nobody before its own vote is durable', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    const member = cluster.get(1n);
    member.raft.campaign();
    expect(member.takeReady().packets).toEqual([]);
    member.completeJob();
    expect(member.takeReady().packets.map(({ message }) => message.type)).toEqual([MessageType.Vote, MessageType.Vote]);
  });

  test('a vote leaves only when it is durable; a crash before forgets it without harm', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    const member = cluster.get(1n);
    member.raft.step(vote(2n, 1));
    expect(member.takeReady().packets).toEqual([]);
    member.restart();
    expect(member.raft.status()).toMatchObject({ term: 0, vote: 0n });
    member.raft.step(vote(3n, 1));
    cluster.work(member);
    expect(cluster.sentOf(MessageType.VoteResponse)).toMatchObject([{ to: 3n, reject: false }]);
  });

  test('a candidate\'s own vote that becomes durable after it lost does not count for the next campaign', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    const member = cluster.get(1n);
    member.raft.campaign();
    cluster.post(member.takeReady().packets);
    member.raft.step({ type: MessageType.Heartbeat, from: 2n, to: 1n, term: 2, commit: 0, position: 0 });
    member.raft.campaign();
    expect(member.raft.status()).toMatchObject({ role: Role.Candidate, term: 3 });
    member.completeJob();
    member.raft.step({ type: MessageType.VoteResponse, from: 2n, to: 1n, term: 1, reject: false, commit: 0, commitTerm: 0 });
    expect(member.raft.role).toBe(Role.Candidate);
    member.raft.step({ type: MessageType.VoteResponse, from: 2n, to: 1n, term: 3, reject: false, commit: 0, commitTerm: 0 });
    expect(member.raft.role).toBe(Role.Candidate);
    member.takeReady();
    member.completeJob();
    expect(member.raft.role).toBe(Role.Leader);
  });

  test('grants for an earlier pre-vote do not count for a later one', () => {
    const cluster = TestCluster.ofSize(3, { settings: guarded });
    const { raft } = cluster.get(1n);
    raft.campaign();
    raft.step({ type: MessageType.Heartbeat, from: 2n, to: 1n, term: 4, commit: 0, position: 0 });
    raft.campaign();
    raft.step({ type: MessageType.PreVoteResponse, from: 3n, to: 1n, term: 1, reject: false, commit: 0, commitTerm: 0 });
    expect(raft.role).toBe(Role.PreCandidate);
    raft.step({ type: MessageType.PreVoteResponse, from: 3n, to: 1n, term: 5, reject: false, commit: 0, commitTerm: 0 });
    expect(raft.role).toBe(Role.Candidate);
  });
});
