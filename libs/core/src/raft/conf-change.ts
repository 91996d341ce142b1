/**
 * Changes of membership as arithmetic on ConfState values (Raft dissertation, chapter 4; the learner rules are etcd's).
 * A change takes effect when its entry is applied, not when it is appended; at most one is on its way at a time (the leader sees to it).
 */
import { unreachable } from '../base/assert';
import { type ConfChange, ConfChangeType, type ConfState, ConfTransition } from './types';

/** A change that does not fit the configuration it meets; the text says why. */
export class ConfChangeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfChangeError';
  }
}

/** A configuration that is being edited. */
interface Draft {
  readonly voters: Set<bigint>;
  readonly learners: Set<bigint>;
  readonly votersOutgoing: Set<bigint>;
  readonly learnersNext: Set<bigint>;
  autoLeave: boolean;
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
const sorted = (ids: Iterable<bigint>): bigint[] => [...new Set(ids)].sort(ascending);

/** The same configuration with its lists in order. */
export function normalizeConfState(state: ConfState): ConfState {
  return {
    voters: sorted(state.voters),
    learners: sorted(state.learners),
    votersOutgoing: sorted(state.votersOutgoing),
    learnersNext: sorted(state.learnersNext),
    autoLeave: state.autoLeave,
  };
}

export function isJoint(state: ConfState): boolean {
  return state.votersOutgoing.length > 0;
}

/** Whether the change leaves a joint configuration. */
export function isLeaveJoint(change: ConfChange): boolean {
  return change.changes.length === 0 && change.transition === ConfTransition.Auto;
}

function entersJoint(change: ConfChange): boolean {
  return change.transition !== ConfTransition.Auto || change.changes.length > 1;
}

/**
 * The configuration after `change`.
 * @throws ConfChangeError when the change does not fit: joint when simple was meant or the reverse, or nobody left to vote.
 */
export function changeConfState(current: ConfState, change: ConfChange): ConfState {
  const draft: Draft = {
    voters: new Set(current.voters),
    learners: new Set(current.learners),
    votersOutgoing: new Set(current.votersOutgoing),
    learnersNext: new Set(current.learnersNext),
    autoLeave: current.autoLeave,
  };
  if (isLeaveJoint(change)) leaveJoint(draft);
  else if (entersJoint(change)) enterJoint(draft, change);
  else changeOne(draft, change);
  return normalizeConfState({
    voters: [...draft.voters],
    learners: [...draft.learners],
    votersOutgoing: [...draft.votersOutgoing],
    learnersNext: [...draft.learnersNext],
    autoLeave: draft.autoLeave,
  });
}

function changeOne(draft: Draft, change: ConfChange): void {
  if (draft.votersOutgoing.size > 0) throw new ConfChangeError('a simple change needs a configuration that is not joint');
  const before = new Set(draft.voters);
  applySteps(draft, change);
  let differing = 0;
  for (const id of before) if (!draft.voters.has(id)) differing++;
  for (const id of draft.voters) if (!before.has(id)) differing++;
  if (differing > 1) throw new ConfChangeError('more than one voter changed without entering a joint configuration');
}

function enterJoint(draft: Draft, change: ConfChange): void {
  if (draft.votersOutgoing.size > 0) throw new ConfChangeError('the configuration is already joint');
  if (draft.voters.size === 0) throw new ConfChangeError('a configuration without voters cannot become joint');
  for (const id of draft.voters) draft.votersOutgoing.add(id);
  applySteps(draft, change);
  draft.autoLeave = change.transition !== ConfTransition.JointExplicit;
}

function leaveJoint(draft: Draft): void {
  if (draft.votersOutgoing.size === 0) throw new ConfChangeError('a configuration that is not joint cannot be left');
  for (const id of draft.learnersNext) draft.learners.add(id);
  draft.learnersNext.clear();
  draft.votersOutgoing.clear();
  draft.autoLeave = false;
}

function applySteps(draft: Draft, change: ConfChange): void {
  for (const { type, nodeId } of change.changes) {
    if (nodeId === 0n) throw new ConfChangeError('a member id must not be 0');
    switch (type) {
      case ConfChangeType.AddVoter:
        draft.learners.delete(nodeId);
        draft.learnersNext.delete(nodeId);
        draft.voters.add(nodeId);
        break;
      case ConfChangeType.AddLearner:
        removeMember(draft, nodeId);
        // A voter of the outgoing half stays one until the joint configuration is left: nobody is voter and learner at once.
        (draft.votersOutgoing.has(nodeId) ? draft.learnersNext : draft.learners).add(nodeId);
        break;
      case ConfChangeType.RemoveNode:
        removeMember(draft, nodeId);
        break;
      case ConfChangeType.UpdateNode:
        break;
      default:
        unreachable(type, 'kind of configuration change');
    }
  }
  if (draft.voters.size === 0) throw new ConfChangeError('the change removes all voters');
}

function removeMember(draft: Draft, nodeId: bigint): void {
  draft.voters.delete(nodeId);
  draft.learners.delete(nodeId);
  draft.learnersNext.delete(nodeId);
}
