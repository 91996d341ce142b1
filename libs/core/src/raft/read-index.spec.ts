/** Linearizable reads: which round settles which read, and what must never settle one. */
import { TestCluster } from './cluster.testing';
import { type HeartbeatMessage, type Message, MessageType } from './message';
import { ForwardedReads } from './read-index';
import { Role } from './types';

const settings = { preVote: false, checkQuorum: false };

function led(size: number): TestCluster {
  const cluster = TestCluster.ofSize(size, { settings });
  cluster.elect(1n);
  return cluster;
}

function answer(from: bigint, position: number, term = 1): Message {
  return { type: MessageType.HeartbeatResponse, from, to: 1n, term, position };
}

test('reads on every member see what was committed before them', () => {
  const cluster = led(3);
  for (const id of [1n, 2n, 3n]) {
    cluster.propose(1n, `before ${id}`);
    const floor = cluster.get(1n).raft.committed;
    cluster.get(id).raft.readIndex(Number(id));
    cluster.settle();
    expect(cluster.get(id).readStates).toEqual([{ context: Number(id), index: floor }]);
  }
});

test('a read that arrives after the heartbeats left waits for the next round (late joiner)', () => {
  const cluster = led(3);
  const leader = cluster.get(1n);
  leader.raft.readIndex(1);
  const round = leader.takeReady().packets.map(({ message }) => message as HeartbeatMessage);
  leader.raft.readIndex(2);
  for (const { to, position } of round) leader.raft.step(answer(to, position));
  leader.takeReady();
  expect(leader.readStates).toEqual([{ context: 1, index: 1 }]);
});

test('a repeated answer to an earlier round settles nothing, however late it comes', () => {
  const cluster = led(3);
  const leader = cluster.get(1n);
  leader.raft.readIndex(1);
  cluster.settle();
  leader.raft.readIndex(2);
  leader.takeReady();
  for (let i = 0; i < 3; i++) leader.raft.step(answer(2n, 1));
  expect(leader.raft.ready().readStates).toEqual([]);
  leader.raft.step(answer(2n, 2));
  expect(leader.raft.ready().readStates).toEqual([{ context: 2, index: 1 }]);
});

test('an answer to a round that was never sent, or of another term, settles nothing', () => {
  const cluster = led(3);
  const leader = cluster.get(1n);
  leader.raft.readIndex(1);
  leader.takeReady();
  leader.raft.step(answer(2n, 99));
  leader.raft.step(answer(2n, 1, 0));
  leader.raft.step(answer(9n, 1));
  expect(leader.raft.ready().readStates).toEqual([]);
});

test('a lost round is repeated by the next heartbeats, and one quorum settles all open rounds', () => {
  const cluster = led(3);
  const leader = cluster.get(1n);
  for (const context of [1, 2, 3]) {
    leader.raft.readIndex(context);
    leader.takeReady();
  }
  leader.raft.tick();
  cluster.settle();
  expect(leader.readStates.map((state) => state.context)).toEqual([1, 2, 3]);
});

test('a new leader answers no read before its first commit', () => {
  const cluster = led(3);
  cluster.propose(1n, 'x');
  cluster.dropTypes(MessageType.Append);
  cluster.elect(2n);
  const leader = cluster.get(2n);
  expect(leader.raft.role).toBe(Role.Leader);
  leader.raft.readIndex(5);
  cluster.settle();
  expect(leader.readStates).toEqual([]);
  cluster.heal();
  cluster.elapse(2);
  expect(leader.readStates).toEqual([{ context: 5, index: 3 }]);
});

test('a deposed leader that does not know it answers no read', () => {
  const cluster = led(3);
  cluster.partition([1n], [2n, 3n]);
  cluster.elect(2n);
  cluster.propose(2n, 'newer');
  const old = cluster.get(1n);
  expect(old.raft.role).toBe(Role.Leader);
  old.raft.readIndex(1);
  cluster.settle();
  old.raft.tick();
  cluster.settle();
  expect(old.readStates).toEqual([]);
  cluster.heal();
  old.raft.tick();
  cluster.get(2n).raft.tick();
  cluster.settle();
  expect(old.droppedReads).toEqual([1]);
});

test('a learner reads too, and its answers do not count for the quorum', () => {
  const cluster = new TestCluster({ confState: { voters: [1n, 2n], learners: [3n], votersOutgoing: [], learnersNext: [], autoLeave: false }, settings });
  cluster.elect(1n);
  cluster.get(3n).raft.readIndex(4);
  cluster.isolate(2n);
  cluster.settle();
  cluster.elapse(2);
  expect(cluster.get(3n).readStates).toEqual([]);
  cluster.heal();
  cluster.elapse(2);
  expect(cluster.get(3n).readStates).toEqual([{ context: 4, index: 1 }]);
});

test('a follower drops its forwarded reads when the leader changes', () => {
  const cluster = led(3);
  cluster.dropTypes(MessageType.ReadIndex);
  cluster.get(3n).raft.readIndex(8);
  cluster.settle();
  cluster.heal();
  cluster.elect(2n);
  expect(cluster.get(3n).droppedReads).toEqual([8]);
});

test('an answer settles its batch and those before it, once; unknown batches nothing', () => {
  const reads = new ForwardedReads(100);
  reads.add(1);
  const first = reads.begin();
  reads.add(2);
  reads.add(3);
  const second = reads.begin();
  reads.add(4);
  const third = reads.begin();
  expect(reads.take(second)).toEqual([1, 2, 3]);
  expect(reads.take(first)).toBeUndefined();
  expect(reads.take(99)).toBeUndefined();
  expect(reads.drain()).toEqual([4]);
  expect(reads.take(third)).toBeUndefined();
});
