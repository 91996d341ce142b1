/**
 * The global claims of Raft (paper, figure 3), checked over all members of a test cluster after every step of a schedule. Log matching is
 * checked by induction: an entry, once seen anywhere, has the same data and the same predecessor wherever it is seen again.
 */
import type { TestCluster } from './cluster.testing';
import type { TestMember } from './member.testing';
import { type Entry, type HardState, Role } from './types';

interface Seen {
  readonly data: string;
  readonly prevTerm: number;
}

interface OpenRead {
  readonly member: bigint;
  /** The highest index that any member had committed when the read began. */
  readonly floor: number;
}

export class GlobalChecker {
  private readonly leaders = new Map<number, bigint>();
  private readonly entries = new Map<string, Seen>();
  /** Committed entries by index, in the form `term:data`. */
  private readonly committed: string[] = [];
  private readonly committedTerms: number[] = [];
  private readonly reads = new Map<number, OpenRead>();
  private readonly votes = new Map<string, bigint>();
  private nextRead = 1;
  readsAnswered = 0;

  constructor(private readonly cluster: TestCluster) {}

  get commitMax(): number {
    return this.committed.length;
  }

  get elections(): number {
    return this.leaders.size;
  }

  /** Starts a read at a member. */
  read(member: TestMember): void {
    const context = this.nextRead++;
    if (member.raft.readIndex(context) !== 'no_leader') this.reads.set(context, { member: member.id, floor: this.commitMax });
  }

  check(): void {
    for (const member of this.cluster.members.values()) {
      if (!member.running) continue;
      this.checkLog(member);
      this.checkCommitted(member);
      this.checkLeader(member);
      this.checkReads(member);
      this.checkVote(member.id, member.disk.hardState);
    }
  }

  private checkLog(member: TestMember): void {
    let previous: Entry | undefined;
    for (const entry of member.view) {
      if (previous !== undefined) {
        if (previous.index + 1 !== entry.index) throw new Error(`member ${member.id}: gap after ${previous.index}`);
        const key = `${entry.term}/${entry.index}`;
        const data = entry.data.toString('latin1');
        const seen = this.entries.get(key);
        if (seen === undefined) this.entries.set(key, { data, prevTerm: previous.term });
        else if (seen.data !== data || seen.prevTerm !== previous.term) throw new Error(`log matching broken at ${key} on member ${member.id}`);
      }
      previous = entry;
    }
  }

  private checkCommitted(member: TestMember): void {
    for (const entry of member.store.history) this.noteCommitted(member.id, entry);
    for (const entry of member.view) if (entry.index <= member.viewCommitted) this.noteCommitted(member.id, entry);
  }

  private noteCommitted(id: bigint, entry: Entry): void {
    const text = `${entry.term}:${entry.data.toString('latin1')}`;
    const known = this.committed[entry.index - 1];
    if (known === undefined && entry.index === this.committed.length + 1) {
      this.committed.push(text);
      this.committedTerms.push(entry.term);
    } else if (known !== text) {
      throw new Error(`state machine safety broken at ${entry.index}: ${known ?? 'nothing'} was committed, member ${id} has ${text}`);
    }
  }

  private checkLeader(member: TestMember): void {
    const { raft } = member;
    if (raft.role !== Role.Leader) return;
    const known = this.leaders.get(raft.term);
    if (known !== undefined && known !== member.id) throw new Error(`election safety broken: ${known} and ${member.id} lead term ${raft.term}`);
    if (known !== undefined) return;
    this.leaders.set(raft.term, member.id);
    const first = member.disk.start.index + 1;
    for (let index = first; index <= this.committed.length; index++) {
      if (this.committedTerms[index - 1]! < raft.term && member.term(index) !== this.committedTerms[index - 1]) {
        throw new Error(`leader completeness broken: the leader of term ${raft.term} lacks committed entry ${index}`);
      }
    }
  }

  private checkReads(member: TestMember): void {
    for (const { context, index } of member.readStates.splice(0)) {
      const open = this.reads.get(context);
      if (open === undefined || open.member !== member.id) throw new Error(`read ${context} was answered on member ${member.id}, which did not ask`);
      if (index < open.floor) throw new Error(`stale read: answered at ${index}, though ${open.floor} was committed before it began`);
      this.reads.delete(context);
      this.readsAnswered++;
    }
    for (const context of member.droppedReads.splice(0)) this.reads.delete(context);
  }

  private checkVote(id: bigint, { term, vote }: HardState): void {
    if (vote === 0n) return;
    const key = `${id}@${term}`;
    const known = this.votes.get(key);
    if (known !== undefined && known !== vote) throw new Error(`member ${id} voted for ${known} and ${vote} in term ${term}`);
    this.votes.set(key, vote);
  }
}
