/** What a member knows, as a value: for status RPCs, metrics and tests. */
import type { RaftCore } from './core';
import type { ProgressState } from './progress';
import { type ConfState, Role } from './types';

export interface ProgressStatus {
  readonly id: bigint;
  readonly state: ProgressState;
  readonly match: number;
  readonly next: number;
  readonly isLearner: boolean;
  readonly recentActive: boolean;
  readonly paused: boolean;
  readonly pendingSnapshot: number;
  readonly inflightMessages: number;
}

export interface RaftStatus {
  readonly id: bigint;
  readonly term: number;
  readonly vote: bigint;
  readonly role: Role;
  readonly leader: bigint;
  readonly committed: number;
  readonly applied: number;
  readonly stable: number;
  readonly lastIndex: number;
  readonly memoryStart: number;
  readonly memoryBytes: number;
  readonly uncommittedBytes: number;
  readonly transferee: bigint;
  readonly electionTimeoutTicks: number;
  readonly confState: ConfState;
  /** Every member's progress, by ascending id; empty unless this member leads. */
  readonly progress: readonly ProgressStatus[];
}

export function statusOf(core: RaftCore): RaftStatus {
  const { log, configuration } = core;
  const progress: ProgressStatus[] = [];
  if (core.role === Role.Leader) {
    for (const member of configuration.all) {
      const { id, state, match, next, isLearner, recentActive, isPaused, pendingSnapshot, inflights } = member;
      progress.push({ id, state, match, next, isLearner, recentActive, paused: isPaused, pendingSnapshot, inflightMessages: inflights.count });
    }
  }
  return {
    id: core.id, term: core.term, vote: core.vote, role: core.role, leader: core.leader,
    committed: log.committed, applied: log.applied, stable: log.stable, lastIndex: log.lastIndex,
    memoryStart: log.offset, memoryBytes: log.memoryBytes, uncommittedBytes: core.uncommittedBytes,
    transferee: core.transferee, electionTimeoutTicks: core.electionTimeout, confState: configuration.confState, progress,
  };
}
