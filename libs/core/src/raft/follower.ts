/** The follower: listens to its leader, and passes requests on to it. */
import { campaign } from './candidate';
import type { RaftCore } from './core';
import { type Message, MessageType } from './message';
import { receiveAppend, receiveHeartbeat, receiveSnapshot } from './receive';
import { NO_NODE } from './types';

/** Messages of the own term, and requests without one. */
export function stepFollower(core: RaftCore, message: Message): void {
  switch (message.type) {
    case MessageType.Append:
      hearLeader(core, message.from);
      receiveAppend(core, message);
      break;
    case MessageType.Heartbeat:
      hearLeader(core, message.from);
      receiveHeartbeat(core, message);
      break;
    case MessageType.Snapshot:
      hearLeader(core, message.from);
      receiveSnapshot(core, message);
      break;
    case MessageType.TimeoutNow:
      campaign(core, true);
      break;
    case MessageType.ReadIndexResponse:
      for (const context of core.forwardedReads.take(message.batch) ?? []) core.readStates.push({ context, index: message.index });
      break;
    default:
      // Requests that were passed on once are not passed on again: the one who asked learns of the new leader and asks there.
      break;
  }
}

function hearLeader(core: RaftCore, leader: bigint): void {
  core.electionElapsed = 0;
  core.setLeader(leader);
}

/** Passes this member's waiting reads on to the leader, as one batch. */
export function flushReads(core: RaftCore): void {
  if (!core.forwardedReads.hasWaiting) return;
  if (core.leader === NO_NODE) {
    core.droppedReads.push(...core.forwardedReads.drain());
    return;
  }
  const batch = core.forwardedReads.begin();
  core.send({ type: MessageType.ReadIndex, from: core.id, to: core.leader, term: 0, batch });
}
