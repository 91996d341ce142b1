/**
 * One test for each rule of the Raft paper ("In Search of an Understandable Consensus Algorithm", extended version), named by the section
 * that states it. The rules of the dissertation that go beyond the paper have tests of their own beside these.
 */
import { SeededRandom, TestCluster, entriesOf, votersOf } from './cluster.testing';
import { type Message, MessageType } from './message';
import { Raft } from './raft';
import { type Entry, EntryType, NO_NODE, type RaftConfig, Role } from './types';

const plain = { preVote: false, checkQuorum: false };

/** One member of three, with its disk obeying at once; what it sends is collected. */
class Solo {
  readonly raft: Raft;
  readonly sent: Message[] = [];

  constructor(entries: readonly Entry[] = [], term = 0, config: Partial<RaftConfig> = {}) {
    this.raft = new Raft({ id: 1n, random: new SeededRandom(7), ...plain, ...config }, {
      hardState: { term, vote: NO_NODE, commit: 0 }, confState: votersOf(1n, 2n, 3n), start: { index: 0, term: 0 }, entries, applied: 0,
    });
  }

  work(): Message[] {
    const from = this.sent.length;
    while (this.raft.hasReady()) {
      const { append, messages, committed } = this.raft.ready();
      this.sent.push(...messages);
      if (append !== undefined) this.raft.stored(append.term, append.index);
      if (committed.length > 0) this.raft.applied(committed[committed.length - 1]!.index);
    }
    return this.sent.slice(from);
  }

  step(message: Record<string, unknown> & { type: MessageType; from: bigint; term: number }): Message[] {
    this.raft.step({ to: 1n, ...message } as Message);
    return this.work();
  }

  lead(): this {
    this.raft.campaign();
    this.work();
    this.step({ type: MessageType.VoteResponse, from: 2n, term: this.raft.term, reject: false, commit: 0, commitTerm: 0 });
    expect(this.raft.role).toBe(Role.Leader);
    return this;
  }
}

const heartbeat = (from: bigint, term: number, commit = 0): { type: MessageType; from: bigint; term: number; commit: number; position: number } =>
  ({ type: MessageType.Heartbeat, from, term, commit, position: 0 });
const vote = (from: bigint, term: number, lastTerm = 0, lastIndex = 0): { type: MessageType; from: bigint; term: number; lastTerm: number; lastIndex: number } & Record<string, unknown> =>
  ({ type: MessageType.Vote, from, term, lastTerm, lastIndex, transfer: false, commit: 0, commitTerm: 0 });
const append = (from: bigint, term: number, prevTerm: number, prevIndex: number, terms: readonly number[], commit = 0): { type: MessageType; from: bigint; term: number } & Record<string, unknown> => ({
  type: MessageType.Append, from, term, prevTerm, prevIndex, commit,
  entries: terms.map((t, i) => ({ term: t, index: prevIndex + 1 + i, type: EntryType.Normal, data: Buffer.from(`d${prevIndex + 1 + i}`) })),
});

describe('5.1 terms', () => {
  test.each([Role.Follower, Role.Candidate, Role.Leader])('a member in role %d that meets a newer term follows in it', (role) => {
    const solo = new Solo();
    if (role === Role.Candidate) solo.raft.campaign();
    if (role === Role.Leader) solo.lead();
    expect(solo.raft.role).toBe(role);
    solo.step(append(2n, 5, 0, 0, []));
    expect([solo.raft.role, solo.raft.term, solo.raft.leader]).toEqual([Role.Follower, 5, 2n]);
  });

  test('a request with a stale term is rejected', () => {
    const solo = new Solo([], 3);
    expect(solo.step(append(2n, 2, 0, 0, [2]))).toEqual([]);
    expect(solo.raft.lastIndex).toBe(0);
  });
});

describe('5.2 leader election', () => {
  test('a member starts as a follower', () => {
    expect(new Solo().raft.role).toBe(Role.Follower);
  });

  test('a leader sends heartbeats to everybody each heartbeat interval', () => {
    const solo = new Solo([], 0, { heartbeatTicks: 2 }).lead();
    solo.raft.tick();
    expect(solo.work()).toEqual([]);
    solo.raft.tick();
    expect(solo.work().map((message) => [message.type, message.to])).toEqual([[MessageType.Heartbeat, 2n], [MessageType.Heartbeat, 3n]]);
  });

  test.each(['follower', 'candidate'])('a %s that hears nothing for an election timeout starts an election in the next term', (from) => {
    const solo = new Solo([], 1);
    if (from === 'candidate') {
      solo.raft.campaign();
      solo.work();
    }
    const { term } = solo.raft;
    for (let i = 0; i < 20; i++) solo.raft.tick();
    expect(solo.raft.role).toBe(Role.Candidate);
    const requests = solo.work().filter((message) => message.type === MessageType.Vote);
    expect(solo.raft.term).toBe(term + 1);
    expect(requests.map((message) => [message.to, message.term])).toEqual([[2n, term + 1], [3n, term + 1]]);
  });

  test.each([
    { size: 1, grants: 0, refusals: 0, wins: true },
    { size: 3, grants: 1, refusals: 0, wins: true },
    { size: 3, grants: 0, refusals: 0, wins: false },
    { size: 3, grants: 0, refusals: 2, wins: false },
    { size: 5, grants: 2, refusals: 2, wins: true },
    { size: 5, grants: 1, refusals: 1, wins: false },
    { size: 5, grants: 1, refusals: 3, wins: false },
  ])('of $size members, $grants grants and $refusals refusals: wins=$wins', ({ size, grants, refusals, wins }) => {
    const cluster = TestCluster.ofSize(size, { settings: plain });
    const member = cluster.get(1n);
    member.raft.campaign();
    cluster.work(member);
    for (let i = 0; i < grants + refusals; i++) {
      member.raft.step({ type: MessageType.VoteResponse, from: BigInt(i + 2), to: 1n, term: 1, reject: i >= grants, commit: 0, commitTerm: 0 });
    }
    expect(member.raft.role === Role.Leader).toBe(wins);
  });

  test('a member votes once per term, first come first served, and repeats the same vote', () => {
    const solo = new Solo();
    expect(solo.step(vote(2n, 1))).toMatchObject([{ to: 2n, reject: false }]);
    expect(solo.step(vote(3n, 1))).toMatchObject([{ to: 3n, reject: true }]);
    expect(solo.step(vote(2n, 1))).toMatchObject([{ to: 2n, reject: false }]);
    expect(solo.step(vote(3n, 2))).toMatchObject([{ to: 3n, reject: false }]);
  });

  test.each([1, 2])('a candidate in term 1 recognises the leader of term %d', (term) => {
    const solo = new Solo();
    solo.raft.campaign();
    solo.work();
    solo.step(append(2n, term, 0, 0, []));
    expect([solo.raft.role, solo.raft.term, solo.raft.leader]).toEqual([Role.Follower, term, 2n]);
  });

  test('election timeouts are drawn at random from [E, 2E-1], each value occurs', () => {
    const seen = new Set<number>();
    const solo = new Solo();
    for (let term = 1; seen.size < 10 && term < 2000; term++) {
      solo.step(heartbeat(2n, term));
      seen.add(solo.raft.status().electionTimeoutTicks);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test('a split vote ends with no leader, and randomised timeouts resolve it', () => {
    const cluster = TestCluster.ofSize(4, { settings: plain });
    cluster.get(1n).raft.campaign();
    cluster.get(2n).raft.campaign();
    cluster.work(cluster.get(1n));
    cluster.work(cluster.get(2n));
    cluster.wire = cluster.wire.filter(({ message }) => (message.from === 1n ? message.to === 3n : message.to === 4n));
    cluster.settle();
    expect(cluster.leaders).toEqual([]);
    cluster.elapse(60);
    expect(cluster.leaders).toHaveLength(1);
  });
});

describe('5.3 log replication', () => {
  test('a leader appends a proposal to its log and sends it to everybody in parallel', () => {
    const solo = new Solo().lead();
    for (const from of [2n, 3n]) solo.step({ type: MessageType.AppendResponse, from, term: 1, index: 1, reject: false, hintIndex: 0, hintTerm: 0 });
    solo.raft.propose(Buffer.from('x'));
    expect(solo.raft.lastIndex).toBe(2);
    const sent = solo.work();
    expect(sent).toMatchObject([
      { type: MessageType.Append, to: 2n, term: 1, prevIndex: 1, prevTerm: 1, entries: [{ index: 2, term: 1 }] },
      { type: MessageType.Append, to: 3n, term: 1, prevIndex: 1, prevTerm: 1, entries: [{ index: 2, term: 1 }] },
    ]);
  });

  test.each([
    { size: 3, acks: 0, commits: false },
    { size: 3, acks: 1, commits: true },
    { size: 5, acks: 1, commits: false },
    { size: 5, acks: 2, commits: true },
  ])('of $size members with $acks acknowledgements beside the leader: committed=$commits', ({ size, acks, commits }) => {
    const cluster = TestCluster.ofSize(size, { settings: plain });
    cluster.elect(1n);
    const leader = cluster.get(1n);
    leader.raft.propose(Buffer.from('x'));
    cluster.work(leader);
    for (let i = 0; i < acks; i++) {
      leader.raft.step({ type: MessageType.AppendResponse, from: BigInt(i + 2), to: 1n, term: 1, index: 2, reject: false, hintIndex: 0, hintTerm: 0 });
    }
    expect(leader.raft.committed).toBe(commits ? 2 : 1);
  });

  test('a commit takes everything before it along, entries of earlier leaders too', () => {
    const entries = entriesOf(1, 1, 2);
    const cluster = TestCluster.ofSize(3, { settings: plain, init: { 1: { entries }, 2: { entries: entriesOf(1) }, 3: {} } });
    cluster.elect(1n);
    cluster.propose(1n, 'x');
    for (const id of [1n, 2n, 3n]) expect(cluster.applied(id)).toEqual(['d1', 'd2', 'd3', 'x']);
  });

  test('a follower learns the commit index with appends and applies in order, bounded by what the append proved', () => {
    const solo = new Solo();
    solo.step(append(2n, 1, 0, 0, [1, 1], 1));
    expect(solo.raft.committed).toBe(1);
    solo.step(append(2n, 1, 1, 2, [], 9));
    expect(solo.raft.committed).toBe(2);
  });

  test('entries beyond what an append proved are not committed by it, however high its commit index', () => {
    const solo = new Solo(entriesOf(1, 1, 1), 1);
    solo.step(append(2n, 2, 1, 1, [], 3));
    expect(solo.raft.committed).toBe(1);
  });

  test.each([
    { prevTerm: 0, prevIndex: 0, rejects: false },
    { prevTerm: 1, prevIndex: 1, rejects: false },
    { prevTerm: 2, prevIndex: 2, rejects: false },
    { prevTerm: 1, prevIndex: 2, rejects: true },
    { prevTerm: 3, prevIndex: 3, rejects: true },
  ])('a follower accepts an append only where the log matches at (term $prevTerm, index $prevIndex): rejects=$rejects', ({ prevTerm, prevIndex, rejects }) => {
    const solo = new Solo(entriesOf(1, 2), 2);
    expect(solo.step(append(2n, 3, prevTerm, prevIndex, []))).toMatchObject([{ type: MessageType.AppendResponse, reject: rejects }]);
  });

  test.each([
    { prev: [2, 2], sent: [3], result: [1, 2, 3] },
    { prev: [1, 1], sent: [3, 4], result: [1, 3, 4] },
    { prev: [0, 0], sent: [1], result: [1, 2] },
    { prev: [0, 0], sent: [3], result: [3] },
  ])('conflicting entries are replaced, matching ones kept: $sent after $prev gives $result', ({ prev, sent, result }) => {
    const cluster = TestCluster.ofSize(3, { settings: plain, init: { 1: { entries: entriesOf(1, 2) } } });
    const member = cluster.get(1n);
    member.raft.step({ to: 1n, ...append(2n, 4, prev[0]!, prev[1]!, sent) } as unknown as Message);
    cluster.work(member);
    expect(cluster.terms(1n)).toEqual(result);
  });

  const figure7: readonly (readonly [string, readonly number[]])[] = [
    ['a', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ['b', [1, 1, 1, 4]],
    ['c', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ['d', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ['e', [1, 1, 1, 4, 4, 4, 4]],
    ['f', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ];
  test.each(figure7)('figure 7 (%s): the leader brings a diverged follower to its own log', (_name, terms) => {
    const leaderTerms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    const cluster = TestCluster.ofSize(3, {
      settings: plain,
      init: { 1: { entries: entriesOf(...leaderTerms), hardState: { term: 8, vote: 0n, commit: 0 } }, 2: { entries: entriesOf(...terms), hardState: { term: 8, vote: 0n, commit: 0 } } },
    });
    cluster.elect(1n);
    expect(cluster.terms(2n)).toEqual([...leaderTerms, 9]);
    cluster.propose(1n, 'x');
    expect(cluster.terms(2n)).toEqual([...leaderTerms, 9, 9]);
    expect(cluster.applied(2n)).toEqual(cluster.applied(1n));
  });
});

describe('5.4 safety', () => {
  test.each([
    { own: [1, 1], lastTerm: 1, lastIndex: 2, grants: true },
    { own: [1, 1], lastTerm: 2, lastIndex: 1, grants: true },
    { own: [1, 1], lastTerm: 1, lastIndex: 1, grants: false },
    { own: [1, 2], lastTerm: 1, lastIndex: 9, grants: false },
    { own: [1], lastTerm: 1, lastIndex: 2, grants: true },
  ])('5.4.1: with log $own a vote for (term $lastTerm, index $lastIndex) is granted=$grants', ({ own, lastTerm, lastIndex, grants }) => {
    const solo = new Solo(entriesOf(...own), 2);
    expect(solo.step(vote(2n, 3, lastTerm, lastIndex))).toMatchObject([{ type: MessageType.VoteResponse, reject: !grants }]);
  });

  test('5.4.2, figure 8: an entry of an earlier term is not committed by counting, but with one of the own term', () => {
    const solo = new Solo(entriesOf(1, 2), 2).lead();
    expect([solo.raft.term, solo.raft.lastIndex]).toEqual([3, 3]);
    solo.step({ type: MessageType.AppendResponse, from: 2n, term: 3, index: 2, reject: false, hintIndex: 0, hintTerm: 0 });
    expect(solo.raft.committed).toBe(0);
    solo.step({ type: MessageType.AppendResponse, from: 2n, term: 3, index: 3, reject: false, hintIndex: 0, hintTerm: 0 });
    expect(solo.raft.committed).toBe(3);
  });

  test('5.4.3: a leader has every entry that was committed before it', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.elect(1n);
    cluster.isolate(3n);
    cluster.propose(1n, 'committed without 3');
    cluster.heal();
    cluster.get(3n).raft.campaign();
    cluster.settle();
    expect(cluster.get(3n).raft.role).not.toBe(Role.Leader);
    cluster.elect(2n);
    expect(cluster.get(2n).raft.role).toBe(Role.Leader);
    expect(cluster.applied(3n)).toEqual(['committed without 3']);
  });
});

describe('5.5 crashes, 5.6 timing', () => {
  test('a restarted member keeps its term, vote and log', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.elect(1n);
    cluster.propose(1n, 'x');
    cluster.get(2n).restart();
    expect(cluster.get(2n).raft.status()).toMatchObject({ term: 1, vote: 1n, lastIndex: 2 });
    cluster.propose(1n, 'y');
    expect(cluster.applied(2n)).toEqual(['x', 'y']);
  });

  test('repeating a request changes nothing', () => {
    const solo = new Solo();
    const message = append(2n, 1, 0, 0, [1, 1], 2);
    const first = solo.step(message);
    expect(solo.step(message)).toEqual(first);
    expect([solo.raft.lastIndex, solo.raft.committed]).toEqual([2, 2]);
  });
});

describe('7 log compaction', () => {
  test('a follower takes a snapshot that is ahead of its log, and drops the log', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.elect(1n);
    cluster.isolate(3n);
    cluster.propose(1n, 'a', 'b', 'c');
    const leader = cluster.get(1n);
    leader.checkpoint(0);
    leader.raft.compact(leader.raft.appliedIndex);
    cluster.heal();
    cluster.elapse(2);
    expect(cluster.sentOf(MessageType.Snapshot)).toHaveLength(1);
    expect(cluster.applied(3n)).toEqual(['a', 'b', 'c']);
    cluster.propose(1n, 'd');
    expect(cluster.applied(3n)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a snapshot of what the log already has is not installed', () => {
    const solo = new Solo(entriesOf(1, 1, 1), 1);
    solo.raft.step({ type: MessageType.Snapshot, from: 2n, to: 1n, term: 1, snapshot: { index: 2, term: 1, confState: votersOf(1n, 2n, 3n) } });
    const { append: job, events } = solo.raft.ready();
    expect(job?.snapshot).toBeUndefined();
    expect(events).toEqual([{ kind: 'snapshot_ignored', index: 2, reason: 'log_matches' }]);
    expect([solo.raft.committed, solo.raft.lastIndex]).toEqual([2, 3]);
  });
});

describe('8 client interaction', () => {
  test('a new leader appends an empty entry of its term', () => {
    const solo = new Solo(entriesOf(1), 1).lead();
    const entries = solo.sent.flatMap((message) => (message.type === MessageType.Append && message.to === 2n ? message.entries : []));
    expect(entries).toMatchObject([{ term: 2, index: 2, type: EntryType.Normal }]);
    expect(entries[0]!.data).toHaveLength(0);
  });

  test('a read waits for a round of heartbeats that began after it', () => {
    const solo = new Solo().lead();
    solo.step({ type: MessageType.AppendResponse, from: 2n, term: 1, index: 1, reject: false, hintIndex: 0, hintTerm: 0 });
    solo.raft.readIndex(5);
    const ready = solo.raft.ready();
    expect(ready.readStates).toEqual([]);
    const round = ready.messages.find((message) => message.type === MessageType.Heartbeat);
    solo.raft.step({ type: MessageType.HeartbeatResponse, from: 2n, to: 1n, term: 1, position: (round as { position: number }).position });
    expect(solo.raft.ready().readStates).toEqual([{ context: 5, index: 1 }]);
  });
});
