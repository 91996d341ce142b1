/**
 * What must hold between any two states of one member, whatever happened in between (Raft paper, figure 3, seen from inside).
 * Costs a dozen comparisons of numbers per call, so it is on in production; a violation throws and the process ends.
 */
import { violated } from '../base/assert';
import type { RaftCore } from './core';
import { NO_NODE, Role } from './types';

export class Invariants {
  private term = 0;
  private vote = NO_NODE;
  private leader = NO_NODE;
  private role: Role = Role.Follower;
  private committed = 0;
  private applied = 0;
  private applying = 0;
  private lastIndex = 0;
  private truncations = 0;
  private readPosition = 0;

  constructor(core: RaftCore) {
    this.remember(core);
  }

  /** Compares the present state with the one at the last call. */
  check(core: RaftCore): void {
    this.checkTerm(core);
    this.checkLog(core);
    if (core.role === Role.Leader) this.checkLeader(core);
    this.remember(core);
  }

  private checkTerm(core: RaftCore): void {
    if (core.term < this.term) violated(`the term fell from ${this.term} to ${core.term}`);
    if (core.term !== this.term) return;
    if (this.vote !== NO_NODE && core.vote !== this.vote) violated(`two votes in term ${core.term}: ${this.vote}, then ${core.vote}`);
    if (this.leader !== NO_NODE && core.leader !== NO_NODE && core.leader !== this.leader) {
      violated(`two leaders in term ${core.term}: ${this.leader}, then ${core.leader}`);
    }
    if (this.role === Role.Leader && core.role !== Role.Leader && core.role !== Role.Follower) violated('a leader became a candidate within its term');
  }

  private checkLog(core: RaftCore): void {
    const { log } = core;
    if (log.committed < this.committed) violated(`the commit index fell from ${this.committed} to ${log.committed}`);
    if (log.applied < this.applied) violated(`the applied index fell from ${this.applied} to ${log.applied}`);
    if (log.applying < this.applying) violated(`application went back from ${this.applying} to ${log.applying}`);
    if (log.committed > log.lastIndex) violated(`the commit index ${log.committed} is beyond the last entry ${log.lastIndex}`);
    if (log.applying > log.committed) violated(`entry ${log.applying} was handed out for application, but only ${log.committed} is committed`);
    if (log.applied > log.applying) violated(`entry ${log.applied} is applied, but only ${log.applying} was handed out`);
    if (log.applied > log.stable) violated(`entry ${log.applied} is applied, but only ${log.stable} is durable`);
    if (log.stable > log.handed) violated(`entry ${log.stable} counts as durable, but only ${log.handed} was given to the disk`);
    if (log.handed > log.lastIndex) violated(`entry ${log.handed} was given to the disk, but the log ends at ${log.lastIndex}`);
    if (log.lastTerm > core.term) violated(`the last entry is of term ${log.lastTerm}, beyond the term ${core.term}`);
    if (core.reads.position < this.readPosition) violated('the read position fell');
  }

  private checkLeader(core: RaftCore): void {
    const { log } = core;
    if (core.leader !== core.id) violated('a leader does not know that it leads');
    if (core.vote !== core.id) violated('a leader did not vote for itself');
    if (this.role === Role.Leader && this.term === core.term) {
      if (log.truncations !== this.truncations || log.lastIndex < this.lastIndex) violated('a leader overwrote its own log');
    }
    for (const peer of core.configuration.peers) {
      if (peer.match >= peer.next) violated(`progress of ${peer.id}: match ${peer.match} is not below next ${peer.next}`);
      if (peer.match > log.lastIndex) violated(`progress of ${peer.id}: match ${peer.match} is beyond the last entry ${log.lastIndex}`);
    }
    if (core.uncommittedBytes < 0) violated('uncommitted bytes fell below zero');
  }

  private remember(core: RaftCore): void {
    const { log } = core;
    this.term = core.term;
    this.vote = core.vote;
    this.leader = core.leader;
    this.role = core.role;
    this.committed = log.committed;
    this.applied = log.applied;
    this.applying = log.applying;
    this.lastIndex = log.lastIndex;
    this.truncations = log.truncations;
    this.readPosition = core.reads.position;
  }
}
