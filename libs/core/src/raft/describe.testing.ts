/** Raft's values as short lines of text, for the golden dialogues. An entry is `term/index "data"`, a position is `term/index`. */
import { decodeConfChange } from './conf-codec';
import { type Message, MessageType } from './message';
import { ProgressState } from './progress';
import type { RaftStatus } from './status';
import {
  type AppendJob, type ConfChange, ConfChangeType, type ConfState, ConfTransition, type Entry, EntryType, type ProposeOutcome, type RaftEvent, type Role,
} from './types';

const ROLE_NAMES = ['follower', 'pre-candidate', 'candidate', 'leader'];
const STATE_NAMES = ['probe', 'replicate', 'snapshot'];
const TYPE_NAMES = new Map<number, string>(Object.entries(MessageType).map(([name, value]) => [value, name]));

export const roleName = (role: Role): string => ROLE_NAMES[role]!;
export const typeName = (type: MessageType): string => TYPE_NAMES.get(type)!;

const CHANGE_LETTERS = { [ConfChangeType.AddVoter]: 'v', [ConfChangeType.RemoveNode]: 'r', [ConfChangeType.AddLearner]: 'l', [ConfChangeType.UpdateNode]: 'u' };

export function describeChange(change: ConfChange): string {
  if (change.changes.length === 0) return 'leave-joint';
  const transition = change.transition === ConfTransition.Auto ? '' : change.transition === ConfTransition.JointImplicit ? ' implicit' : ' explicit';
  return change.changes.map(({ type, nodeId }) => `${CHANGE_LETTERS[type]}${nodeId}`).join(' ') + transition;
}

export function describeEntry({ term, index, type, data }: Entry): string {
  if (type === EntryType.ConfChange) return `${term}/${index} conf(${describeChange(decodeConfChange(data))})`;
  return `${term}/${index} "${data.toString()}"`;
}

export function describeConfState(state: ConfState): string {
  const parts = [`voters=(${state.voters.join(' ')})`];
  if (state.votersOutgoing.length > 0) parts.push(`outgoing=(${state.votersOutgoing.join(' ')})`);
  if (state.learners.length > 0) parts.push(`learners=(${state.learners.join(' ')})`);
  if (state.learnersNext.length > 0) parts.push(`learners-next=(${state.learnersNext.join(' ')})`);
  if (state.autoLeave) parts.push('auto-leave');
  return parts.join(' ');
}

function describeBody(message: Message): string {
  switch (message.type) {
    case MessageType.Propose:
      return `[${message.entries.map(({ data }) => `"${data.toString()}"`).join(', ')}]`;
    case MessageType.Append:
      return `after ${message.prevTerm}/${message.prevIndex} commit=${message.commit} [${message.entries.map(describeEntry).join(', ')}]`;
    case MessageType.AppendResponse:
      return message.reject ? `rejects ${message.index}, hint ${message.hintTerm}/${message.hintIndex}` : `has ${message.index}`;
    case MessageType.Vote:
    case MessageType.PreVote:
      return `last=${message.lastTerm}/${message.lastIndex}${message.transfer ? ' transfer' : ''}`;
    case MessageType.VoteResponse:
    case MessageType.PreVoteResponse:
      return `${message.reject ? 'refused' : 'granted'}${message.commit > 0 ? ` commit=${message.commitTerm}/${message.commit}` : ''}`;
    case MessageType.Snapshot:
      return `${message.snapshot.term}/${message.snapshot.index} ${describeConfState(message.snapshot.confState)}`;
    case MessageType.Heartbeat:
      return `commit=${message.commit} position=${message.position}`;
    case MessageType.HeartbeatResponse:
      return `position=${message.position}`;
    case MessageType.TransferLeader:
      return `target=${message.target}`;
    case MessageType.TimeoutNow:
    case MessageType.ReadIndex:
      return '';
    case MessageType.ReadIndexResponse:
      return `index=${message.index}`;
    default:
      throw new Error('unknown message');
  }
}

export function describeMessage(message: Message): string {
  return `${message.from}->${message.to} ${typeName(message.type)} term=${message.term} ${describeBody(message)}`.trimEnd();
}

export function describeJob(job: AppendJob): string {
  const parts: string[] = [];
  if (job.snapshot !== undefined) parts.push(`snapshot ${job.snapshot.term}/${job.snapshot.index}`);
  if (job.hardState !== undefined) parts.push(`term=${job.hardState.term} vote=${job.hardState.vote} commit=${job.hardState.commit}`);
  if (job.entries.length > 0) parts.push(`[${job.entries.map(describeEntry).join(', ')}]`);
  return parts.join(' ') + (job.mustSync ? '' : ' (no sync)');
}

export function describeEvent(event: RaftEvent): string {
  const { kind, ...rest } = event;
  return `${kind}${Object.entries(rest).map(([name, value]: [string, number | bigint | string | ProposeOutcome]) => ` ${name}=${value}`).join('')}`;
}

export function describeStatus(status: RaftStatus): string {
  const { id, role, term, leader, vote, committed, applied, stable, lastIndex } = status;
  return `${id} ${roleName(role)} term=${term} leader=${leader} vote=${vote} last=${lastIndex} stable=${stable} commit=${committed} applied=${applied}`;
}

export function describeProgress(status: RaftStatus): string[] {
  return status.progress.map((member) => {
    const flags = [member.isLearner ? ' learner' : '', member.paused ? ' paused' : '', member.recentActive ? '' : ' inactive'].join('');
    const snapshot = member.state === ProgressState.Snapshot ? ` pending=${member.pendingSnapshot}` : '';
    const inflight = member.inflightMessages > 0 ? ` inflight=${member.inflightMessages}` : '';
    return `${member.id} ${STATE_NAMES[member.state]} match=${member.match} next=${member.next}${snapshot}${inflight}${flags}`;
  });
}
