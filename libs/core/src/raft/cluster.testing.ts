/** Several test members and the wire between them. Nothing moves by itself: tests deliver, drop, duplicate and tick by hand. */
import type { Message, MessageType } from './message';
import { type MemberSettings, type Packet, TestMember } from './member.testing';
import { type ConfState, type Entry, EntryType, type HardState, type RandomSource, Role } from './types';

/** A small seeded generator (mulberry32), so that tests are the same every time. */
export class SeededRandom implements RandomSource {
  constructor(private state: number) {}

  int(maxExclusive: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x100000000) * maxExclusive);
  }
}

export function votersOf(...ids: readonly bigint[]): ConfState {
  return { voters: ids, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
}

/** Entries of the given terms from index 1 on, with data `d<index>`. */
export function entriesOf(...terms: readonly number[]): Entry[] {
  return terms.map((term, i) => ({ term, index: i + 1, type: EntryType.Normal, data: Buffer.from(`d${i + 1}`) }));
}

export interface MemberInit {
  readonly entries?: readonly Entry[];
  readonly hardState?: HardState;
  readonly settings?: Partial<MemberSettings>;
}

export interface ClusterOptions {
  readonly confState: ConfState;
  readonly settings?: Partial<MemberSettings>;
  readonly seed?: number;
  /** What single members start with. */
  readonly init?: Readonly<Record<string, MemberInit>>;
}

type Filter = (message: Message) => boolean;

const STEPS_MAX = 20_000;

export class TestCluster {
  readonly members = new Map<bigint, TestMember>();
  /** Messages on the wire, oldest first. */
  wire: Packet[] = [];
  /** Every message that was ever sent. */
  readonly sent: Message[] = [];
  private filter: Filter = () => true;
  private readonly random: SeededRandom;

  constructor(private readonly options: ClusterOptions) {
    this.random = new SeededRandom(options.seed ?? 1);
    const { voters, learners } = options.confState;
    for (const id of [...voters, ...learners]) this.join(id);
  }

  static ofSize(size: number, options: Partial<ClusterOptions> = {}): TestCluster {
    return new TestCluster({ confState: votersOf(...Array.from({ length: size }, (_, i) => BigInt(i + 1))), ...options });
  }

  /** Starts a member; one that is not in the initial membership waits to be added. */
  join(id: bigint): TestMember {
    const init = this.options.init?.[String(id)];
    const lastTerm = init?.entries?.[init.entries.length - 1]?.term ?? 0;
    const settings: MemberSettings = { random: new SeededRandom(this.random.int(2 ** 31)), ...this.options.settings, ...init?.settings };
    const member = new TestMember(id, settings, {
      confState: this.options.confState,
      entries: [...(init?.entries ?? [])],
      hardState: init?.hardState ?? { term: lastTerm, vote: 0n, commit: 0 },
    });
    this.members.set(id, member);
    return member;
  }

  get(id: bigint): TestMember {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`no member ${id}`);
    return member;
  }

  get leaders(): TestMember[] {
    return [...this.members.values()].filter((member) => member.running && member.raft.role === Role.Leader);
  }

  /** Only messages that pass reach the wire from now on. */
  allow(filter: Filter): void {
    this.filter = filter;
  }

  isolate(...ids: readonly bigint[]): void {
    this.allow((message) => !ids.includes(message.from) && !ids.includes(message.to));
  }

  /** Members talk only within their group. */
  partition(...groups: readonly (readonly bigint[])[]): void {
    this.allow((message) => groups.some((group) => group.includes(message.from) && group.includes(message.to)));
  }

  dropTypes(...types: readonly MessageType[]): void {
    this.allow((message) => !types.includes(message.type));
  }

  heal(): void {
    this.allow(() => true);
  }

  post(packets: readonly Packet[]): void {
    for (const packet of packets) {
      this.sent.push(packet.message);
      if (this.filter(packet.message)) this.wire.push(packet);
    }
  }

  deliver(packet: Packet): void {
    const member = this.members.get(packet.message.to);
    if (member?.running === true) member.step(packet);
  }

  /** One member does all it can without the network: readies, disk, application. */
  work(member: TestMember): void {
    for (let i = 0; member.busy; i++) {
      if (i > STEPS_MAX) throw new Error(`member ${member.id} does not come to rest`);
      if (member.raft.hasReady()) this.post(member.takeReady().packets);
      while (member.completeJob() !== undefined);
      member.apply();
    }
  }

  /** Everybody works and talks until nothing is left to do. No time passes. */
  settle(): void {
    for (let i = 0; i < STEPS_MAX; i++) {
      for (const member of this.members.values()) this.work(member);
      if (this.wire.length === 0) return;
      const wire = this.wire;
      this.wire = [];
      for (const packet of wire) this.deliver(packet);
    }
    throw new Error('the cluster does not come to rest');
  }

  tick(id: bigint, count = 1): void {
    for (let i = 0; i < count; i++) this.get(id).raft.tick();
  }

  /** Time passes for everybody, with everything settled after each tick. */
  elapse(ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      for (const member of this.members.values()) if (member.running) member.raft.tick();
      this.settle();
    }
  }

  /** Makes a member stand for election and lets the cluster settle. */
  elect(id: bigint): TestMember {
    const member = this.get(id);
    member.raft.campaign();
    this.settle();
    return member;
  }

  /** Proposes text at a member and lets the cluster settle. */
  propose(id: bigint, ...data: readonly string[]): string {
    const outcome = this.get(id).raft.propose(data.map((text) => Buffer.from(text)));
    this.settle();
    return outcome;
  }

  /** The data that a member has applied, without the empty entries of new leaders. */
  applied(id: bigint): string[] {
    return this.get(id).store.history.filter((entry) => entry.type === EntryType.Normal && entry.data.length > 0).map((entry) => entry.data.toString());
  }

  /** The terms of a member's log. */
  terms(id: bigint): number[] {
    return this.get(id).view.map((entry) => entry.term);
  }

  /** Messages of one type that were sent since `mark` (a former `sent.length`). */
  sentOf<T extends Message['type']>(type: T, mark = 0): Extract<Message, { type: T }>[] {
    return this.sent.slice(mark).filter((message): message is Extract<Message, { type: T }> => message.type === type);
  }
}
