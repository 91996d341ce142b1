/** Random schedules: each action is one small thing that can happen to a cluster, chosen by numbers so that schedules shrink. */
import { GlobalChecker } from './checker.testing';
import type { TestCluster } from './cluster.testing';
import type { TestMember } from './member.testing';
import { ConfChangeType, ConfTransition, Role } from './types';

export const ACTIONS = [
  'tick', 'tick-many', 'deliver', 'deliver-many', 'reorder', 'drop', 'duplicate', 'ready', 'store', 'apply', 'work', 'propose', 'propose-many', 'read',
  'crash', 'restart', 'checkpoint', 'compact', 'transfer', 'campaign', 'conf', 'joint', 'leave', 'partition', 'heal', 'settle', 'flow', 'unreachable', 'snapshot-report',
] as const;
export type ActionKind = (typeof ACTIONS)[number];

export interface Action {
  readonly kind: ActionKind;
  readonly a: number;
  readonly b: number;
}

export class Schedule {
  readonly checker: GlobalChecker;
  private proposals = 0;

  constructor(private readonly cluster: TestCluster) {
    this.checker = new GlobalChecker(cluster);
  }

  run(action: Action): void {
    this.act(action);
    this.checker.check();
  }

  /** After the storm: everybody is back, everything is delivered, and the cluster must be able to commit again. */
  recover(): void {
    this.cluster.heal();
    for (const member of this.cluster.members.values()) if (!member.running) member.restart();
    // Without pre-vote, members with short logs may win the race for the timeout several times in a row, to no avail.
    for (let i = 0; i < 12 || (i < 60 && this.cluster.leaders.length === 0); i++) {
      this.cluster.elapse(10);
      // The owner reports how each snapshot ended; those that were lost in the storm have ended by now.
      for (const leader of this.cluster.leaders) for (const id of this.cluster.members.keys()) leader.raft.reportSnapshot(id, false);
      this.checker.check();
    }
    const leader = this.cluster.leaders.sort((a, b) => b.raft.term - a.raft.term)[0];
    if (leader === undefined) throw this.stuck('no leader within 600 ticks without faults');
    const before = leader.raft.committed;
    const outcome = leader.raft.propose(Buffer.from('after the storm'));
    if (outcome !== 'appended') throw this.stuck(`the leader refuses a proposal after recovery: ${outcome}`);
    this.cluster.elapse(30);
    this.checker.check();
    if (leader.raft.committed <= before) throw this.stuck('nothing is committed after recovery');
    const { voters, learners } = leader.raft.confState;
    for (const id of [...voters, ...learners]) {
      const applied = this.cluster.members.get(id)?.store.applied;
      if (applied !== leader.store.applied) throw this.stuck(`member ${id} applied ${applied}, the leader ${leader.store.applied}`);
    }
  }

  /** An error that shows where everybody stands. */
  private stuck(reason: string): Error {
    const states = [...this.cluster.members.values()].map((member) => {
      const { progress, confState, ...rest } = member.raft.status();
      return [rest, { ...confState }, ...progress].map((part) => JSON.stringify(part, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))).join('\n    ');
    });
    return new Error([reason, ...states].join('\n  '));
  }

  private pick(n: number): TestMember {
    const members = [...this.cluster.members.values()];
    return members[n % members.length]!;
  }

  private act({ kind, a, b }: Action): void {
    const member = this.pick(a);
    if (this.onWire(kind, a, b) || this.onCluster(kind, a, b)) return;
    if (!member.running) {
      if (kind === 'restart' || b % 4 === 0) member.restart();
      return;
    }
    this.onMember(kind, member, b);
  }

  private onWire(kind: ActionKind, a: number, b: number): boolean {
    const { wire } = this.cluster;
    const at = wire.length === 0 ? 0 : a % wire.length;
    switch (kind) {
      case 'deliver':
        if (wire.length > 0) this.cluster.deliver(wire.shift()!);
        return true;
      case 'deliver-many':
        for (let i = 0; i < 1 + (b % 10) && wire.length > 0; i++) this.cluster.deliver(wire.shift()!);
        return true;
      case 'reorder':
        if (wire.length > 0) this.cluster.deliver(wire.splice(at, 1)[0]!);
        return true;
      case 'drop':
        wire.splice(at, 1);
        return true;
      case 'duplicate':
        if (wire.length > 0) wire.push(wire[at]!);
        return true;
      default:
        return false;
    }
  }

  private onCluster(kind: ActionKind, a: number, b: number): boolean {
    const ids = [...this.cluster.members.keys()];
    switch (kind) {
      case 'partition': {
        const cut = 1 + (b % (ids.length - 1));
        const order = ids.map((_, i) => ids[(i + a) % ids.length]!);
        this.cluster.partition(order.slice(0, cut), order.slice(cut));
        return true;
      }
      case 'heal':
        this.cluster.heal();
        return true;
      case 'settle':
        for (const member of this.cluster.members.values()) if (member.running) this.cluster.work(member);
        return true;
      case 'flow':
        // One hop: everybody works, and what was on the wire arrives.
        for (const member of this.cluster.members.values()) if (member.running) this.cluster.work(member);
        for (const packet of this.cluster.wire.splice(0)) this.cluster.deliver(packet);
        return true;
      default:
        return false;
    }
  }

  private onMember(kind: ActionKind, member: TestMember, b: number): void {
    const { raft } = member;
    switch (kind) {
      case 'tick': raft.tick(); break;
      case 'tick-many': for (let i = 0; i <= b % 20; i++) raft.tick(); break;
      case 'ready': if (raft.hasReady()) this.cluster.post(member.takeReady().packets); break;
      case 'store': member.completeJob(); break;
      case 'apply': member.apply(1 + (b % 3)); break;
      case 'work': this.cluster.work(member); break;
      case 'propose': raft.propose(Buffer.from(`p${++this.proposals}`)); break;
      case 'propose-many': raft.propose(Array.from({ length: 1 + (b % 5) }, () => Buffer.from(`p${++this.proposals}`))); break;
      case 'read': this.checker.read(member); break;
      case 'crash': member.crash(b % 5); break;
      case 'restart': member.restart(); break;
      case 'checkpoint': member.checkpoint(b % 4); break;
      case 'compact': raft.compact(Math.max(0, raft.appliedIndex - (b % 3))); break;
      case 'transfer': raft.transferLeadership(this.pick(b).id); break;
      case 'campaign': raft.campaign(); break;
      case 'unreachable': raft.reportUnreachable(this.pick(b).id); break;
      case 'snapshot-report': raft.reportSnapshot(this.pick(b).id, b % 3 === 0); break;
      case 'conf': case 'joint': case 'leave': this.changeMembership(kind, member, b); break;
      default: break;
    }
  }

  private changeMembership(kind: 'conf' | 'joint' | 'leave', member: TestMember, b: number): void {
    if (member.raft.role !== Role.Leader) return;
    const nodeId = this.pick(b).id;
    const type = [ConfChangeType.AddVoter, ConfChangeType.RemoveNode, ConfChangeType.AddLearner][b % 3]!;
    const other = { type: [ConfChangeType.AddLearner, ConfChangeType.AddVoter, ConfChangeType.RemoveNode][b % 3]!, nodeId: this.pick(b + 1).id };
    const context = Buffer.alloc(0);
    if (kind === 'conf') member.raft.proposeConfChange({ transition: ConfTransition.Auto, changes: [{ type, nodeId }], context });
    else if (kind === 'leave') member.raft.proposeConfChange({ transition: ConfTransition.Auto, changes: [], context });
    else member.raft.proposeConfChange({ transition: b % 2 === 0 ? ConfTransition.JointImplicit : ConfTransition.Auto, changes: [{ type, nodeId }, other], context });
  }
}
