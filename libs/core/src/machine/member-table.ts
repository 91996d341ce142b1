import type { ErrorCode, Member } from '@quorate/api';
import type { MembershipChange } from './membership-change';

/** The members of the cluster and those that were removed, whose ids never return. Replicated. */
export class MemberTable {
  private readonly members = new Map<bigint, Member>();
  private readonly removed = new Set<bigint>();
  private readonly changed = new Set<bigint>();

  static restore(members: Iterable<Member>, removed: Iterable<bigint>): MemberTable {
    const table = new MemberTable();
    for (const member of members) table.members.set(member.id, member);
    for (const id of removed) table.removed.add(id);
    return table;
  }

  /** The members of a new cluster, which no store holds yet. */
  static create(members: Iterable<Member>): MemberTable {
    const table = MemberTable.restore(members, []);
    for (const id of table.members.keys()) table.changed.add(id);
    return table;
  }

  get(id: bigint): Member | undefined {
    return this.members.get(id);
  }

  isRemoved(id: bigint): boolean {
    return this.removed.has(id);
  }

  /** By id. */
  list(): Member[] {
    return [...this.members.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  removedIds(): bigint[] {
    return [...this.removed].sort((a, b) => (a < b ? -1 : 1));
  }

  /** Why a change cannot be made, in etcd's order, or `undefined`. The limit on learners is the door's. */
  refusalOf(change: MembershipChange): ErrorCode | undefined {
    if (this.removed.has(change.memberId)) return 'member_unknown';
    const member = this.members.get(change.memberId);
    if (change.type === 'add') {
      if (member !== undefined) return 'member_exists';
    } else if (member === undefined) return 'member_unknown';
    else if (change.type === 'promote' && !member.isLearner) return 'member_not_learner';
    if (change.type !== 'add' && change.type !== 'update') return undefined;
    for (const other of this.members.values()) {
      if (other.id !== change.memberId && other.peerUrls.some((url) => change.peerUrls.includes(url))) return 'peer_url_exists';
    }
    return undefined;
  }

  /** Makes a change that nothing speaks against. */
  apply(change: MembershipChange): void {
    const { memberId: id, peerUrls } = change;
    const member = this.members.get(id) ?? { id, name: '', peerUrls, clientUrls: [], isLearner: change.isLearner };
    switch (change.type) {
      case 'add': this.members.set(id, member); break;
      case 'promote': this.members.set(id, { ...member, isLearner: false }); break;
      case 'update': this.members.set(id, { ...member, peerUrls }); break;
      case 'remove':
        this.members.delete(id);
        this.removed.add(id);
    }
    this.changed.add(id);
  }

  /** What a member published about itself. False: there is no such member. */
  setAttributes(id: bigint, name: string, clientUrls: readonly string[]): boolean {
    const member = this.members.get(id);
    if (member === undefined) return false;
    this.members.set(id, { ...member, name, clientUrls });
    this.changed.add(id);
    return true;
  }

  /** Ids of members that changed since the last call. */
  takeChanged(): bigint[] {
    const ids = [...this.changed];
    this.changed.clear();
    return ids;
  }
}
