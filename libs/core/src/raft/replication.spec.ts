/** Replication: stale and reordered traffic, commitment, windows and limits, slow and restarted members. */
import { TestCluster, entriesOf } from './cluster.testing';
import { type AppendMessage, type Message, MessageType } from './message';
import { ProgressState } from './progress';
import { EntryType, Role } from './types';

const plain = { preVote: false, checkQuorum: false };

describe('stale and reordered messages', () => {
  test('messages of an old leader change nothing', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.elect(1n);
    cluster.elect(2n);
    cluster.elect(1n);
    const member = cluster.get(3n);
    const before = member.raft.status();
    member.raft.step({ type: MessageType.Append, from: 2n, to: 3n, term: 2, prevTerm: 2, prevIndex: 2, commit: 9, entries: [{ term: 2, index: 3, type: EntryType.Normal, data: Buffer.from('old') }] });
    expect(member.raft.status()).toEqual(before);
    cluster.propose(1n, 'x');
    expect(cluster.applied(3n)).toEqual(['x']);
  });

  test('appends that arrive in the wrong order end in the same log', () => {
    const cluster = TestCluster.ofSize(2, { settings: plain });
    cluster.elect(1n);
    const leader = cluster.get(1n);
    for (const text of ['a', 'b', 'c']) {
      leader.raft.propose(Buffer.from(text));
      cluster.work(leader);
    }
    cluster.wire.reverse();
    cluster.settle();
    cluster.elapse(3);
    expect(cluster.applied(2n)).toEqual(['a', 'b', 'c']);
  });

  test('an old append of the same term does not cut off what came after it', () => {
    const cluster = TestCluster.ofSize(2, { settings: plain });
    cluster.elect(1n);
    const mark = cluster.sent.length;
    cluster.propose(1n, 'a');
    cluster.propose(1n, 'b');
    const first = cluster.sentOf(MessageType.Append, mark)[0]!;
    cluster.get(2n).raft.step(first);
    cluster.settle();
    expect(cluster.get(2n).raft.lastIndex).toBe(3);
  });

  test('acknowledgements of an earlier term or of strangers do not count', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.elect(1n);
    const { raft } = cluster.get(1n);
    raft.propose(Buffer.from('x'));
    cluster.work(cluster.get(1n));
    const ack = (from: bigint, term: number): Message => ({ type: MessageType.AppendResponse, from, to: 1n, term, index: 2, reject: false, hintIndex: 0, hintTerm: 0 });
    raft.step(ack(2n, 0));
    raft.step(ack(9n, 1));
    expect(raft.committed).toBe(1);
    raft.step(ack(2n, 1));
    expect(raft.committed).toBe(2);
  });
});

describe('commitment', () => {
  test('without an entry of the new term nothing old is committed, with it everything', () => {
    const cluster = TestCluster.ofSize(5, { settings: plain });
    cluster.elect(1n);
    cluster.partition([1n, 2n], [3n, 4n, 5n]);
    cluster.propose(1n, 'a', 'b');
    expect(cluster.get(1n).raft.committed).toBe(1);
    // The new leader's no-op is kept from everybody: a, b are now on a majority, and still not committed.
    cluster.allow((message) => message.type !== MessageType.Append);
    cluster.elect(2n);
    expect(cluster.get(2n).raft.status()).toMatchObject({ role: Role.Leader, committed: 1 });
    cluster.heal();
    cluster.elapse(2);
    expect(cluster.get(2n).raft.committed).toBe(4);
    for (const id of [1n, 2n, 3n, 4n, 5n]) expect(cluster.applied(id)).toEqual(['a', 'b']);
  });

  test('an acknowledgement of the leader\'s own disk for an earlier term does not count in a later one', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.elect(1n);
    const leader = cluster.get(1n);
    leader.raft.propose(Buffer.from('mine'));
    leader.takeReady();
    expect(leader.jobs).toHaveLength(1);
    // Another leader overwrites the entry before it is durable, and goes away; 1 leads again.
    const entries = [{ term: 2, index: 2, type: EntryType.Normal, data: Buffer.from('other') }];
    leader.raft.step({ type: MessageType.Append, from: 2n, to: 1n, term: 2, prevTerm: 1, prevIndex: 1, commit: 1, entries });
    leader.completeJob();
    expect(leader.raft.stableIndex).toBe(1);
    cluster.work(leader);
    expect(leader.raft.stableIndex).toBe(2);
  });

  test('a commit counts the configuration in force: removing a member can commit what waited for it', () => {
    const cluster = TestCluster.ofSize(2, { settings: plain });
    cluster.elect(1n);
    const leader = cluster.get(1n);
    leader.raft.proposeConfChange({ transition: 0, changes: [{ type: 1, nodeId: 2n }], context: Buffer.alloc(0) });
    leader.raft.propose(Buffer.from('waits'));
    cluster.work(leader);
    leader.raft.step({ type: MessageType.AppendResponse, from: 2n, to: 1n, term: 1, index: 2, reject: false, hintIndex: 0, hintTerm: 0 });
    expect(leader.raft.committed).toBe(2);
    cluster.work(leader);
    expect(leader.raft.committed).toBe(3);
    expect(cluster.applied(1n)).toEqual(['waits']);
  });

  test('a member that lost what it acknowledged stops instead of going on', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    expect(() => cluster.get(1n).raft.step({ type: MessageType.Heartbeat, from: 2n, to: 1n, term: 1, commit: 5, position: 0 })).toThrow('lost entries');
  });
});

describe('windows and limits', () => {
  const leaderOf = (settings: object): TestCluster => {
    const cluster = TestCluster.ofSize(2, { settings: { ...plain, ...settings } });
    cluster.elect(1n);
    return cluster;
  };
  const appends = (cluster: TestCluster, mark: number): AppendMessage[] => cluster.sentOf(MessageType.Append, mark).filter((message) => message.entries.length > 0);

  test('appends are cut at the size limit, and at least one entry always travels', () => {
    const cluster = leaderOf({ maxSizePerMessageBytes: 100 });
    const mark = cluster.sent.length;
    cluster.get(1n).raft.propose([Buffer.alloc(20), Buffer.alloc(20), Buffer.alloc(20), Buffer.alloc(500), Buffer.alloc(20)]);
    cluster.settle();
    expect(appends(cluster, mark).map((message) => message.entries.length)).toEqual([2, 1, 1, 1]);
  });

  test.each([{ maxInflightMessages: 2 }, { maxInflightBytes: 80 }])('a window of %j stops after two messages, acknowledgements open it', (limits) => {
    const cluster = leaderOf({ maxSizePerMessageBytes: 1, ...limits });
    const mark = cluster.sent.length;
    const leader = cluster.get(1n);
    leader.raft.propose(Array.from({ length: 5 }, () => Buffer.alloc(20)));
    cluster.work(leader);
    expect(appends(cluster, mark)).toHaveLength(2);
    expect(leader.raft.status().progress[1]).toMatchObject({ paused: true, inflightMessages: 2, next: 4 });
    cluster.settle();
    expect(appends(cluster, mark)).toHaveLength(5);
    expect(cluster.get(2n).raft.lastIndex).toBe(6);
  });

  test('uncommitted proposals are bounded under a lasting partition, the first always passes, empty ones too', () => {
    const cluster = leaderOf({ maxUncommittedBytes: 100 });
    cluster.isolate(2n);
    const { raft } = cluster.get(1n);
    expect(raft.propose(Buffer.alloc(300))).toBe('appended');
    for (let i = 0; i < 1000; i++) expect(raft.propose(Buffer.alloc(1))).toBe('uncommitted_full');
    expect(raft.propose(Buffer.alloc(0))).toBe('appended');
    cluster.heal();
    cluster.elapse(3);
    expect(raft.status().uncommittedBytes).toBe(0);
    expect(raft.propose(Buffer.alloc(90))).toBe('appended');
  });

  test('a batch is taken whole or not at all', () => {
    const cluster = leaderOf({ maxUncommittedBytes: 100 });
    const { raft } = cluster.get(1n);
    raft.propose(Buffer.alloc(60));
    const { lastIndex } = raft;
    expect(raft.propose([Buffer.alloc(30), Buffer.alloc(30)])).toBe('uncommitted_full');
    expect(raft.lastIndex).toBe(lastIndex);
  });

  test('a new leader counts what its predecessors left uncommitted', () => {
    const cluster = TestCluster.ofSize(2, { settings: { ...plain, maxUncommittedBytes: 10 }, init: { 1: { entries: entriesOf(1, 1, 1) }, 2: { entries: entriesOf(1, 1, 1) } } });
    const leader = cluster.get(1n);
    leader.raft.campaign();
    cluster.work(leader);
    leader.raft.step({ type: MessageType.VoteResponse, from: 2n, to: 1n, term: 2, reject: false, commit: 0, commitTerm: 0 });
    expect(leader.raft.status().uncommittedBytes).toBe(6);
    expect(leader.raft.propose(Buffer.alloc(5))).toBe('uncommitted_full');
    cluster.settle();
    expect(leader.raft.status().uncommittedBytes).toBe(0);
  });

  test('committed entries are handed out in slices of bytes, and no more while too much is not applied', () => {
    const cluster = TestCluster.ofSize(1, { settings: { ...plain, maxCommittedBytesPerReady: 100, maxApplyingBytes: 200 } });
    cluster.elect(1n);
    const { raft } = cluster.get(1n);
    raft.propose(Array.from({ length: 10 }, () => Buffer.alloc(26)));
    const { append } = raft.ready();
    raft.stored(append!.term, append!.index);
    const slices = [];
    while (raft.hasReady()) slices.push(raft.ready().committed.length);
    expect(slices).toEqual([2, 2]);
    raft.applied(3);
    expect(raft.ready().committed.map((entry) => entry.index)).toEqual([6, 7]);
  });

  test('commit does not fall back, and nothing is skipped or doubled, when a restart meets other limits', () => {
    const entries = entriesOf(1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    for (const maxCommittedBytesPerReady of [1, 30, 60, 10_000]) {
      const cluster = TestCluster.ofSize(1, { settings: { ...plain, maxCommittedBytesPerReady }, init: { 1: { entries, hardState: { term: 1, vote: 1n, commit: 10 } } } });
      const member = cluster.get(1n);
      member.takeReady();
      member.apply(1);
      expect(member.raft.committed).toBe(10);
      member.checkpoint();
      member.restart();
      expect(member.raft.status()).toMatchObject({ committed: 10, applied: 1 });
      cluster.elect(1n);
      expect(cluster.applied(1n)).toEqual(entries.map((entry) => entry.data.toString()));
    }
  });
});

describe('members that fall behind', () => {
  test('a member behind the memory is served from the disk, in messages of the size limit', () => {
    const cluster = TestCluster.ofSize(3, { settings: { ...plain, maxSizePerMessageBytes: 200 } });
    cluster.elect(1n);
    cluster.isolate(3n);
    for (let i = 0; i < 100; i++) cluster.propose(1n, `value ${i}`);
    const leader = cluster.get(1n);
    leader.raft.compact(leader.raft.appliedIndex);
    expect(leader.raft.memoryBytes).toBe(0);
    cluster.heal();
    cluster.elapse(2);
    expect(cluster.applied(3n)).toEqual(cluster.applied(1n));
    expect(cluster.sentOf(MessageType.Snapshot)).toEqual([]);
  });

  test('a snapshot is not sent to a member that is away', () => {
    const cluster = TestCluster.ofSize(3);
    cluster.elect(1n);
    const leader = cluster.get(1n);
    cluster.isolate(3n);
    cluster.propose(1n, 'a');
    leader.checkpoint(0);
    leader.raft.compact(leader.raft.appliedIndex);
    cluster.elapse(30);
    expect(cluster.sentOf(MessageType.Snapshot)).toEqual([]);
    cluster.heal();
    cluster.elapse(2);
    expect(cluster.sentOf(MessageType.Snapshot)).toHaveLength(1);
    expect(cluster.applied(3n)).toEqual(['a']);
  });

  test('a snapshot whose report is lost ends with the acknowledgement', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.elect(1n);
    const leader = cluster.get(1n);
    cluster.isolate(3n);
    cluster.propose(1n, 'a');
    leader.checkpoint(0);
    leader.raft.compact(leader.raft.appliedIndex);
    cluster.heal();
    cluster.elapse(2);
    expect(leader.raft.status().progress[2]).toMatchObject({ state: ProgressState.Replicate });
    leader.raft.reportSnapshot(3n, false);
    expect(leader.raft.status().progress[2]).toMatchObject({ state: ProgressState.Replicate });
  });

  test('a report of success probes behind the snapshot', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.elect(1n);
    const leader = cluster.get(1n);
    cluster.isolate(3n);
    cluster.propose(1n, 'a');
    leader.checkpoint(0);
    leader.raft.compact(leader.raft.appliedIndex);
    cluster.allow((message) => message.type !== MessageType.Snapshot);
    cluster.elapse(2);
    expect(leader.raft.status().progress[2]).toMatchObject({ state: ProgressState.Snapshot, pendingSnapshot: 2 });
    leader.raft.reportSnapshot(3n, true);
    expect(leader.raft.status().progress[2]).toMatchObject({ state: ProgressState.Probe, next: 3, paused: true });
  });

  test('an unreachable member is probed', () => {
    const cluster = TestCluster.ofSize(3, { settings: plain });
    cluster.elect(1n);
    const leader = cluster.get(1n);
    leader.raft.reportUnreachable(2n);
    expect(leader.raft.status().progress[1]).toMatchObject({ state: ProgressState.Probe, next: 2 });
    cluster.propose(1n, 'x');
    expect(leader.raft.status().progress[1]).toMatchObject({ state: ProgressState.Replicate, match: 2 });
  });

  test('only applied entries leave the memory', () => {
    const cluster = TestCluster.ofSize(1, { settings: plain });
    cluster.elect(1n);
    cluster.get(1n).raft.propose(Buffer.from('x'));
    expect(() => cluster.get(1n).raft.compact(2)).toThrow('only 1 is applied');
  });
});
