/** Leadership transfer (dissertation, 3.10). */
import { TestCluster } from './cluster.testing';
import { MessageType } from './message';
import { ConfChangeType, ConfTransition, Role } from './types';

const settings = { preVote: true, checkQuorum: true };

function led(): TestCluster {
  const cluster = TestCluster.ofSize(3, { settings });
  cluster.elect(1n);
  return cluster;
}

test('hands over to a member that is up to date, and back', () => {
  const cluster = led();
  expect(cluster.get(1n).raft.transferLeadership(3n)).toBe(true);
  cluster.settle();
  expect(cluster.leaders.map((member) => member.id)).toEqual([3n]);
  cluster.get(3n).raft.transferLeadership(1n);
  cluster.settle();
  expect(cluster.leaders.map((member) => member.id)).toEqual([1n]);
});

test('passes on from a follower', () => {
  const cluster = led();
  cluster.get(2n).raft.transferLeadership(3n);
  cluster.settle();
  expect(cluster.get(3n).raft.role).toBe(Role.Leader);
});

test('brings a slow target up to date first, with a snapshot if need be', () => {
  const cluster = led();
  const leader = cluster.get(1n);
  cluster.isolate(3n);
  cluster.propose(1n, 'a', 'b');
  leader.checkpoint(0);
  leader.raft.compact(leader.raft.appliedIndex);
  cluster.heal();
  leader.raft.transferLeadership(3n);
  cluster.elapse(3);
  expect(cluster.sentOf(MessageType.Snapshot)).toHaveLength(1);
  expect(cluster.get(3n).raft.role).toBe(Role.Leader);
  expect(cluster.applied(3n)).toEqual(['a', 'b']);
});

test.each([[1n], [9n]])('to %s it is refused', (target) => {
  const cluster = led();
  expect(cluster.get(1n).raft.transferLeadership(target)).toBe(false);
  expect(cluster.get(1n).raft.transferee).toBe(0n);
});

test('to a learner it is refused', () => {
  const cluster = new TestCluster({ confState: { voters: [1n], learners: [2n], votersOutgoing: [], learnersNext: [], autoLeave: false }, settings });
  cluster.elect(1n);
  expect(cluster.get(1n).raft.transferLeadership(2n)).toBe(false);
});

test('proposals are refused meanwhile, and taken again after an election timeout', () => {
  const cluster = led();
  const leader = cluster.get(1n);
  cluster.isolate(3n);
  leader.raft.transferLeadership(3n);
  expect(leader.raft.propose(Buffer.from('x'))).toBe('transferring');
  cluster.elapse(10);
  expect(leader.raft.transferee).toBe(0n);
  expect(leader.events).toContainEqual({ kind: 'transfer_aborted', target: 3n });
  expect(leader.raft.propose(Buffer.from('x'))).toBe('appended');
});

test('a second request to another target overrides, to the same it changes nothing', () => {
  const cluster = led();
  const leader = cluster.get(1n);
  cluster.isolate(3n);
  leader.raft.transferLeadership(3n);
  cluster.elapse(5);
  leader.raft.transferLeadership(3n);
  cluster.elapse(5);
  expect(leader.raft.transferee).toBe(0n);
  leader.raft.transferLeadership(3n);
  leader.raft.transferLeadership(2n);
  cluster.settle();
  expect(cluster.get(2n).raft.role).toBe(Role.Leader);
});

test.each([
  ['removed', ConfChangeType.RemoveNode],
  ['demoted', ConfChangeType.AddLearner],
])('it ends when the target is %s', (_name, type) => {
  const cluster = led();
  const leader = cluster.get(1n);
  leader.raft.proposeConfChange({ transition: ConfTransition.Auto, changes: [{ type, nodeId: 3n }], context: Buffer.alloc(0) });
  cluster.isolate(3n);
  leader.raft.transferLeadership(3n);
  cluster.settle();
  expect(leader.raft.transferee).toBe(0n);
  expect(leader.raft.propose(Buffer.from('x'))).toBe('appended');
});

test('a target with a committed conf change that it has not applied does not stand', () => {
  const cluster = led();
  const target = cluster.get(2n);
  cluster.get(1n).raft.proposeConfChange({ transition: ConfTransition.Auto, changes: [{ type: ConfChangeType.AddLearner, nodeId: 7n }], context: Buffer.alloc(0) });
  // 2 stores everything, but applies nothing.
  for (let i = 0; i < 4; i++) {
    cluster.work(cluster.get(1n));
    cluster.work(cluster.get(3n));
    while (target.raft.hasReady()) cluster.post(target.takeReady().packets);
    while (target.completeJob() !== undefined);
    for (const packet of cluster.wire.splice(0)) cluster.deliver(packet);
  }
  expect(target.raft.status()).toMatchObject({ committed: 2, applied: 1 });
  target.raft.step({ type: MessageType.TimeoutNow, from: 1n, to: 2n, term: 1 });
  expect(target.raft.role).toBe(Role.Follower);
  target.apply();
  target.raft.step({ type: MessageType.TimeoutNow, from: 1n, to: 2n, term: 1 });
  expect(target.raft.role).toBe(Role.Candidate);
});
