/** The membership in force, with the leader's progress of each member. Switched as a whole when a change is applied or a snapshot restored. */
import { normalizeConfState } from './conf-change';
import { Inflights } from './inflights';
import { Progress } from './progress';
import type { Quorum } from './quorum';
import type { ConfState } from './types';

export interface InflightLimits {
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
}

export class Configuration implements Quorum<Progress> {
  confState!: ConfState;
  voters: Progress[] = [];
  outgoing: Progress[] = [];
  /** Everybody but this member: voters, outgoing voters and learners, by ascending id. */
  peers: Progress[] = [];
  /** This member's own progress; undefined when it is not part of the membership. */
  self: Progress | undefined;
  private members = new Map<bigint, Progress>();

  constructor(private readonly id: bigint, private readonly limits: InflightLimits, confState: ConfState, lastIndex: number) {
    this.switchTo(confState, lastIndex);
  }

  /** Members that stay keep their progress; new ones start probing at the end of the log and count as active. */
  switchTo(confState: ConfState, lastIndex: number): void {
    const next = normalizeConfState(confState);
    const members = new Map<bigint, Progress>();
    for (const id of [...next.voters, ...next.votersOutgoing, ...next.learners].sort((a, b) => (a < b ? -1 : 1))) {
      if (members.has(id)) continue;
      const progress = this.members.get(id) ?? this.create(id, lastIndex);
      progress.isLearner = next.learners.includes(id);
      members.set(id, progress);
    }
    this.confState = next;
    this.members = members;
    this.voters = next.voters.map((id) => members.get(id)!);
    this.outgoing = next.votersOutgoing.map((id) => members.get(id)!);
    this.peers = [...members.values()].filter((progress) => progress.id !== this.id);
    this.self = members.get(this.id);
  }

  private create(id: bigint, lastIndex: number): Progress {
    const { maxInflightMessages, maxInflightBytes } = this.limits;
    const progress = new Progress(id, false, lastIndex, new Inflights(maxInflightMessages, maxInflightBytes));
    // A member that just joined must not cost the leader its quorum check before it had the time to answer.
    progress.recentActive = true;
    // Probing starts one below the end, so that the first append carries an entry and its answer tells how far behind the member is.
    progress.next = Math.max(lastIndex, 1);
    return progress;
  }

  get(id: bigint): Progress | undefined {
    return this.members.get(id);
  }

  get all(): Iterable<Progress> {
    return this.members.values();
  }

  /** Whether this member decides alone: no round trip is ever needed. */
  get isSingleton(): boolean {
    return this.voters.length === 1 && this.outgoing.length === 0 && this.voters[0] === this.self;
  }
}
