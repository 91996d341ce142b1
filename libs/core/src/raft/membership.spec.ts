/** Changes of membership: one at a time, in force when applied, joint where several change; learners; snapshots that carry a membership. */
import * as fc from 'fast-check';
import { TestCluster, votersOf } from './cluster.testing';
import { ConfChangeError, changeConfState, isJoint } from './conf-change';
import { encodeConfChange } from './conf-codec';
import { MessageType } from './message';
import { quorumHolds } from './quorum';
import { type ConfChange, ConfChangeType, type ConfState, ConfTransition, EntryType, Role } from './types';

const settings = { preVote: true, checkQuorum: true };
const { AddVoter, AddLearner, RemoveNode, UpdateNode } = ConfChangeType;

function change(...steps: readonly (readonly [ConfChangeType, bigint])[]): ConfChange {
  return { transition: ConfTransition.Auto, changes: steps.map(([type, nodeId]) => ({ type, nodeId })), context: Buffer.alloc(0) };
}
const leave: ConfChange = change();

describe('arithmetic', () => {
  test('a single change adds, removes, promotes, demotes; updating changes nothing', () => {
    let state = changeConfState(votersOf(1n, 2n), change([AddVoter, 3n]));
    expect(state.voters).toEqual([1n, 2n, 3n]);
    state = changeConfState(state, change([AddLearner, 4n]));
    state = changeConfState(state, change([AddVoter, 4n]));
    state = changeConfState(state, change([AddLearner, 1n]));
    expect(state).toMatchObject({ voters: [2n, 3n, 4n], learners: [1n] });
    state = changeConfState(state, change([RemoveNode, 1n]));
    expect(changeConfState(state, change([UpdateNode, 2n]))).toEqual(votersOf(2n, 3n, 4n));
  });

  test('several changes go through a joint configuration; a demoted voter becomes learner when it is left', () => {
    const joint = changeConfState(votersOf(1n, 2n, 3n), change([AddLearner, 3n], [AddVoter, 4n]));
    expect(joint).toEqual({ voters: [1n, 2n, 4n], learners: [], votersOutgoing: [1n, 2n, 3n], learnersNext: [3n], autoLeave: true });
    expect(changeConfState(joint, leave)).toEqual({ voters: [1n, 2n, 4n], learners: [3n], votersOutgoing: [], learnersNext: [], autoLeave: false });
  });

  test.each<[string, ConfState, ConfChange]>([
    ['leaving what is not joint', votersOf(1n), leave],
    ['a simple change of a joint one', changeConfState(votersOf(1n, 2n), change([AddVoter, 3n], [AddVoter, 4n])), change([RemoveNode, 1n])],
    ['joint on top of joint', changeConfState(votersOf(1n, 2n), change([AddVoter, 3n], [AddVoter, 4n])), change([RemoveNode, 1n], [RemoveNode, 2n])],
    ['removing the last voter', votersOf(1n), change([RemoveNode, 1n])],
    ['demoting the last voter', votersOf(1n), change([AddLearner, 1n])],
    ['member 0', votersOf(1n), change([AddVoter, 0n])],
  ])('refuses %s', (_name, state, refused) => {
    expect(() => changeConfState(state, refused)).toThrow(ConfChangeError);
  });

  const step = fc.tuple(fc.constantFrom(AddVoter, AddLearner, RemoveNode), fc.bigInt(1n, 6n));
  const subsets = (ids: readonly bigint[]): Set<bigint>[] => Array.from({ length: 2 ** ids.length }, (_, mask) => new Set(ids.filter((_id, i) => ((mask >> i) & 1) === 1)));

  test('joint safety: after any changes nobody is voter and learner at once, and quorums of neighbouring configurations meet', () => {
    fc.assert(fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 8 }), (rounds) => {
      let state: ConfState = votersOf(1n, 2n, 3n);
      for (const steps of rounds) {
        let next: ConfState;
        try {
          next = changeConfState(state, isJoint(state) ? leave : change(...steps));
        } catch (error) {
          if (error instanceof ConfChangeError) continue;
          throw error;
        }
        for (const id of next.learners) expect([...next.voters, ...next.votersOutgoing, ...next.learnersNext]).not.toContain(id);
        for (const id of next.learnersNext) {
          expect(next.votersOutgoing).toContain(id);
          expect(next.voters).not.toContain(id);
        }
        const quorums = (conf: ConfState): Set<bigint>[] => subsets([...new Set([...conf.voters, ...conf.votersOutgoing])])
          .filter((set) => quorumHolds({ voters: conf.voters, outgoing: conf.votersOutgoing }, (id) => set.has(id)));
        for (const a of quorums(state)) for (const b of quorums(next)) expect([...a].some((id) => b.has(id))).toBe(true);
        state = next;
      }
    }), { numRuns: 60, seed: 4 });
  });
});

describe('in a cluster', () => {
  const led = (size: number): TestCluster => {
    const cluster = TestCluster.ofSize(size, { settings });
    cluster.elect(1n);
    return cluster;
  };

  test('a member never restarts two changes behind its own log: the commit of each change is on disk before the next change', () => {
    const cluster = TestCluster.ofSize(3, { settings });
    const member = cluster.get(2n);
    const entries = [3n, 2n].map((id, i) => ({ term: 1, index: i + 1, type: EntryType.ConfChange, data: encodeConfChange(change([RemoveNode, id])) }));
    member.raft.step({ type: MessageType.Append, from: 1n, to: 2n, term: 1, prevIndex: 0, prevTerm: 0, commit: 1, entries });
    while (member.raft.hasReady()) cluster.post(member.takeReady().packets);
    expect(member.jobs.map((job) => job.entries.length)).toEqual([1, 1]);
    member.completeJob();
    expect(member.raft.stableIndex).toBe(1);
    while (member.raft.hasReady()) cluster.post(member.takeReady().packets);
    expect(cluster.sentOf(MessageType.AppendResponse)).toEqual([]);
    member.completeJob();
    cluster.post(member.takeReady().packets);
    expect(cluster.sentOf(MessageType.AppendResponse)).toMatchObject([{ index: 2 }]);
    // Its own vote and 3's would be a quorum of the membership before both changes, while 1 may be committing alone by now.
    member.restart();
    expect(member.raft.committed).toBe(1);
    member.raft.campaign();
    expect(member.raft.role).toBe(Role.Follower);
    cluster.work(member);
    expect(member.raft.confState.voters).toEqual([1n, 2n]);
  });

  test('one change is on its way at a time, until it is applied', () => {
    const cluster = led(3);
    const leader = cluster.get(1n);
    expect(leader.raft.proposeConfChange(change([AddLearner, 4n]))).toBe('appended');
    expect(leader.raft.proposeConfChange(change([AddLearner, 5n]))).toBe('conf_change_pending');
    cluster.settle();
    expect(leader.raft.proposeConfChange(change([AddLearner, 5n]))).toBe('appended');
  });

  test('a change that cannot be applied is refused at once, and garbage from a peer as well', () => {
    const cluster = led(3);
    const { raft } = cluster.get(1n);
    expect(raft.proposeConfChange(leave)).toBe('conf_change_invalid');
    raft.step({ type: MessageType.Propose, from: 2n, to: 1n, term: 0, entries: [{ type: 1, data: Buffer.from([250, 1, 2]) }] });
    expect(raft.lastIndex).toBe(1);
    expect(raft.ready().events).toContainEqual({ kind: 'forwarded_proposal_refused', from: 2n, outcome: 'conf_change_invalid' });
  });

  test('a new leader takes no change before everything it inherited is applied', () => {
    const cluster = led(3);
    cluster.dropTypes(MessageType.AppendResponse);
    cluster.get(1n).raft.proposeConfChange(change([AddLearner, 9n]));
    cluster.settle();
    const other = cluster.get(2n);
    cluster.dropTypes(MessageType.Append);
    other.raft.step({ type: MessageType.TimeoutNow, from: 1n, to: 2n, term: 1 });
    cluster.settle();
    expect(other.raft.role).toBe(Role.Leader);
    expect(other.raft.proposeConfChange(change([AddLearner, 8n]))).toBe('conf_change_pending');
    cluster.heal();
    cluster.elapse(3);
    expect(other.raft.confState.learners).toEqual([9n]);
    expect(other.raft.proposeConfChange(change([AddLearner, 8n]))).toBe('appended');
  });

  test('the configuration changes when the entry is applied, not when it is appended or committed', () => {
    const cluster = TestCluster.ofSize(1, { settings });
    cluster.elect(1n);
    const leader = cluster.get(1n);
    leader.raft.proposeConfChange(change([AddVoter, 2n]));
    leader.takeReady();
    leader.completeJob();
    leader.takeReady();
    expect(leader.raft.committed).toBe(2);
    expect(leader.raft.confState.voters).toEqual([1n]);
    leader.apply();
    expect(leader.raft.confState.voters).toEqual([1n, 2n]);
  });

  test('a joint change is left by itself, also when the leader changes in between', () => {
    const cluster = led(3);
    cluster.join(4n);
    cluster.join(5n);
    const leader = cluster.get(1n);
    leader.raft.proposeConfChange(change([AddVoter, 4n], [AddVoter, 5n], [RemoveNode, 1n]));
    cluster.work(leader);
    for (const packet of cluster.wire.splice(0)) cluster.deliver(packet);
    cluster.work(cluster.get(2n));
    cluster.work(cluster.get(3n));
    for (const packet of cluster.wire.splice(0)) cluster.deliver(packet);
    // Committed at the leader, which is gone before anybody hears of it.
    cluster.work(leader);
    expect(isJoint(leader.raft.confState)).toBe(true);
    leader.crash();
    cluster.wire = [];
    cluster.elapse(100);
    for (const id of [2n, 3n, 4n, 5n]) expect(cluster.get(id).raft.confState).toEqual(votersOf(2n, 3n, 4n, 5n));
    expect(cluster.leaders).toHaveLength(1);
  });

  test('a learner follows, never stands, and is promoted by becoming a voter', () => {
    const cluster = led(1);
    const learner = cluster.join(2n);
    cluster.get(1n).raft.proposeConfChange(change([AddLearner, 2n]));
    cluster.settle();
    cluster.propose(1n, 'x');
    expect(cluster.applied(2n)).toEqual(['x']);
    for (let i = 0; i < 100; i++) learner.raft.tick();
    expect(learner.raft.role).toBe(Role.Follower);
    cluster.get(1n).raft.proposeConfChange(change([AddVoter, 2n]));
    cluster.settle();
    for (let i = 0; i < 20; i++) learner.raft.tick();
    expect(learner.raft.role).toBe(Role.PreCandidate);
  });

  test('a removed member no longer counts, and cannot disturb', () => {
    const cluster = led(3);
    cluster.get(1n).raft.proposeConfChange(change([RemoveNode, 3n]));
    cluster.settle();
    cluster.elapse(100);
    expect(cluster.get(1n).raft.status()).toMatchObject({ role: Role.Leader, term: 1 });
    cluster.get(2n).crash();
    cluster.propose(1n, 'needs 2');
    expect(cluster.applied(1n)).toEqual([]);
  });

  test('a leader that applies its demotion refuses nothing it should take: it steps down and follows the next one', () => {
    const cluster = led(3);
    cluster.get(1n).raft.proposeConfChange(change([AddLearner, 1n]));
    cluster.settle();
    expect(cluster.get(1n).raft.role).toBe(Role.Follower);
    cluster.elapse(60);
    expect(cluster.leaders[0]!.id).not.toBe(1n);
    cluster.propose(cluster.leaders[0]!.id, 'after');
    expect(cluster.applied(1n)).toEqual(['after']);
  });

  test('a cluster bootstrapped by conf change entries needs no membership from outside, neither do members that join', () => {
    const entries = [1n, 2n, 3n].map((id, i) => ({ term: 1, index: i + 1, type: EntryType.ConfChange, data: encodeConfChange(change([AddVoter, id])) }));
    const init = { entries, hardState: { term: 1, vote: 0n, commit: 3 } };
    const cluster = new TestCluster({ confState: votersOf(), settings, init: { 1: init, 2: init, 3: init } });
    for (const id of [1n, 2n, 3n]) cluster.join(id);
    cluster.get(1n).raft.campaign();
    expect(cluster.get(1n).raft.role).toBe(Role.Follower);
    cluster.settle();
    expect(cluster.get(1n).raft.confState).toEqual(votersOf(1n, 2n, 3n));
    cluster.elect(1n);
    const joined = cluster.join(4n);
    cluster.get(1n).raft.proposeConfChange(change([AddVoter, 4n]));
    cluster.settle();
    expect(joined.raft.confState).toEqual(votersOf(1n, 2n, 3n, 4n));
    joined.restart();
    cluster.elapse(2);
    expect(joined.raft.confState).toEqual(votersOf(1n, 2n, 3n, 4n));
  });
});

describe('snapshots', () => {
  const snapshot = (index: number, confState: ConfState, term = 5): { index: number; term: number; confState: ConfState } => ({ index, term, confState });

  function receive(confState: ConfState, own = votersOf(1n, 2n, 3n)): TestCluster {
    const cluster = new TestCluster({ confState: own, settings });
    const body = { applied: 10, term: 5, confState, history: [] };
    cluster.get(1n).step({ message: { type: MessageType.Snapshot, from: 2n, to: 1n, term: 5, snapshot: snapshot(10, confState) }, body });
    return cluster;
  }

  test('a snapshot replaces log and membership, and counts as applied only when it is installed', () => {
    const cluster = receive(votersOf(1n, 2n, 4n));
    const member = cluster.get(1n);
    expect(member.raft.confState).toEqual(votersOf(1n, 2n, 4n));
    expect(member.raft.status()).toMatchObject({ lastIndex: 10, committed: 10, applied: 0 });
    for (let i = 0; i < 50; i++) member.raft.tick();
    expect(member.raft.role).toBe(Role.Follower);
    cluster.work(member);
    expect(member.raft.status()).toMatchObject({ applied: 10, stable: 10 });
    expect(cluster.sentOf(MessageType.AppendResponse)).toMatchObject([{ to: 2n, index: 10, reject: false }]);
  });

  test('a voter may come back as a learner', () => {
    const cluster = receive({ ...votersOf(2n, 3n), learners: [1n] });
    cluster.work(cluster.get(1n));
    for (let i = 0; i < 50; i++) cluster.get(1n).raft.tick();
    expect(cluster.get(1n).raft.role).toBe(Role.Follower);
  });

  test.each([
    ['of a membership without this member', votersOf(2n, 3n), 10, 'not_member'],
    ['behind the commit index', votersOf(1n, 2n, 3n), 1, 'stale'],
  ])('a snapshot %s is ignored', (_name, confState, index, reason) => {
    const cluster = TestCluster.ofSize(3, { settings });
    cluster.elect(2n);
    const member = cluster.get(1n);
    member.raft.step({ type: MessageType.Snapshot, from: 2n, to: 1n, term: 1, snapshot: snapshot(index, confState, 1) });
    const { append, events } = member.raft.ready();
    expect(append?.snapshot).toBeUndefined();
    expect(events).toMatchObject([{ kind: 'snapshot_ignored', reason }]);
    expect(member.raft.confState).toEqual(votersOf(1n, 2n, 3n));
  });

  test('a second snapshot may follow while the first is being installed', () => {
    const cluster = receive(votersOf(1n, 2n, 3n));
    const member = cluster.get(1n);
    member.takeReady();
    const confState = votersOf(1n, 2n, 3n, 4n);
    member.step({ message: { type: MessageType.Snapshot, from: 2n, to: 1n, term: 5, snapshot: snapshot(30, confState) }, body: { applied: 30, term: 5, confState, history: [] } });
    member.takeReady();
    member.completeJob();
    expect(member.raft.status()).toMatchObject({ applied: 10, stable: 10, committed: 30 });
    cluster.work(member);
    expect(member.raft.status()).toMatchObject({ applied: 30, stable: 30 });
    expect(cluster.sentOf(MessageType.AppendResponse).map((message) => message.index)).toEqual([10, 30]);
  });

  test('a conf change that was handed out before the snapshot does not undo the membership the snapshot brought', () => {
    const entries = [{ term: 1, index: 1, type: EntryType.ConfChange, data: encodeConfChange(change([RemoveNode, 3n])) }];
    const cluster = TestCluster.ofSize(3, { settings, init: { 1: { entries, hardState: { term: 1, vote: 0n, commit: 1 } } } });
    const member = cluster.get(1n);
    member.takeReady();
    const confState = votersOf(1n, 2n, 4n);
    member.step({ message: { type: MessageType.Snapshot, from: 2n, to: 1n, term: 5, snapshot: snapshot(10, confState) }, body: { applied: 10, term: 5, confState, history: [] } });
    member.apply();
    expect(member.raft.confState).toEqual(confState);
    cluster.work(member);
    expect(member.raft.status()).toMatchObject({ applied: 10, confState });
  });

  test('writes of the log that a snapshot replaced say nothing about the new one', () => {
    const cluster = TestCluster.ofSize(3, { settings });
    const member = cluster.get(1n);
    const entries = Array.from({ length: 20 }, (_, i) => ({ term: 1, index: i + 1, type: 0 as const, data: Buffer.from('x') }));
    member.raft.step({ type: MessageType.Append, from: 2n, to: 1n, term: 1, prevIndex: 0, prevTerm: 0, commit: 0, entries });
    member.takeReady();
    const confState = votersOf(1n, 2n, 3n);
    member.step({ message: { type: MessageType.Snapshot, from: 3n, to: 1n, term: 5, snapshot: snapshot(10, confState) }, body: { applied: 10, term: 5, confState, history: [] } });
    member.takeReady();
    member.completeJob();
    expect(member.raft.stableIndex).toBeLessThan(10);
    member.completeJob();
    expect(member.raft.stableIndex).toBe(10);
  });
});
