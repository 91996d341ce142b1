/** One member for tests: the production Raft object with a disk, a store and a state machine that obey only when they are told to. */
import { decodeConfChange } from './conf-codec';
import type { Message, SnapshotMessage } from './message';
import { MessageType } from './message';
import { Raft } from './raft';
import {
  type AppendJob, type ConfState, type Entry, EntryType, type HardState, NO_NODE, type RaftConfig, type RaftEvent,
  type ReadState, type SnapshotMeta,
} from './types';
import type { Ready } from './ready';

/** What the state machine holds: the entries it was given, in order. */
export interface StoreState {
  readonly applied: number;
  readonly term: number;
  readonly confState: ConfState;
  readonly history: readonly Entry[];
}

/** A message on the wire; a snapshot travels with its body. */
export interface Packet {
  readonly message: Message;
  readonly body: StoreState | undefined;
}

/** What survives a crash. */
interface Disk {
  hardState: HardState;
  start: { index: number; term: number };
  entries: Entry[];
  store: StoreState;
}

export type MemberSettings = Omit<RaftConfig, 'id'>;

export class TestMember {
  raft!: Raft;
  readonly disk: Disk;
  /** Append jobs on the way to the disk. */
  jobs: AppendJob[] = [];
  /** Entries handed out for application. */
  toApply: Entry[] = [];
  /** The state machine in memory; `disk.store` is its last checkpoint. */
  store: StoreState;
  /** The log as handed to the disk so far, by index. */
  view: Entry[] = [];
  /** The commit index that goes with `view`. */
  viewCommitted = 0;
  readStates: ReadState[] = [];
  droppedReads: number[] = [];
  events: RaftEvent[] = [];
  running = true;
  private readonly bodies = new Map<number, StoreState>();

  constructor(readonly id: bigint, private readonly settings: MemberSettings, initial: Partial<Disk> & { readonly confState: ConfState }) {
    const store: StoreState = initial.store ?? { applied: 0, term: 0, confState: initial.confState, history: [] };
    this.disk = {
      hardState: initial.hardState ?? { term: 0, vote: NO_NODE, commit: 0 },
      start: initial.start ?? { index: 0, term: 0 },
      entries: initial.entries ?? [],
      store,
    };
    this.store = store;
    this.boot();
  }

  private boot(): void {
    const { hardState, start, entries, store } = this.disk;
    this.raft = new Raft({ id: this.id, ...this.settings }, {
      hardState, start: { ...start }, entries, confState: store.confState, applied: store.applied,
    });
    this.view = entries.slice();
    this.viewCommitted = this.raft.committed;
    this.store = store;
    this.running = true;
  }

  /** Loses everything that is not on the disk. Of the oldest job, `torn` records (hard state first, then entries) may be on it. */
  crash(torn = 0): void {
    const job = this.jobs[0];
    if (torn > 0 && job !== undefined && job.snapshot === undefined) this.write({ ...job, entries: job.entries.slice(0, torn - 1) });
    this.running = false;
    this.jobs = [];
    this.toApply = [];
  }

  restart(): void {
    this.crash();
    this.boot();
  }

  /** Takes one ready: queues its jobs and entries, answers its questions; the packets it wants sent are returned. */
  takeReady(): { readonly ready: Ready; readonly packets: readonly Packet[] } {
    const ready = this.raft.ready();
    if (ready.append !== undefined) this.queue(ready.append);
    this.viewCommitted = this.raft.committed;
    this.toApply.push(...ready.committed);
    this.readStates.push(...ready.readStates);
    this.droppedReads.push(...ready.droppedReads);
    this.events.push(...ready.events);
    const packets = ready.messages.map((message) => ({ message, body: message.type === MessageType.Snapshot ? this.bodies.get(message.snapshot.index) : undefined }));
    for (const { to, index, maxBytes } of ready.logReads) this.answerLogRead(to, index, maxBytes);
    for (const to of ready.snapshotRequests) this.offerSnapshot(to);
    return { ready, packets };
  }

  private queue(job: AppendJob): void {
    this.jobs.push(job);
    if (job.snapshot !== undefined) this.view = [];
    for (const entry of job.entries) {
      while (this.view.length > 0 && this.view[this.view.length - 1]!.index >= entry.index) this.view.pop();
      this.view.push(entry);
    }
  }

  private answerLogRead(to: bigint, index: number, maxBytes: number): void {
    const { start, entries } = this.disk;
    if (index <= start.index) {
      this.raft.logReadFailed(to);
      return;
    }
    const from = index - start.index - 1;
    const wanted: Entry[] = [];
    let bytes = 0;
    for (const entry of entries.slice(from)) {
      if (wanted.length > 0 && bytes + entry.data.length > maxBytes) break;
      wanted.push(entry);
      bytes += entry.data.length;
    }
    this.raft.logRead(to, index, from === 0 ? start.term : entries[from - 1]!.term, wanted);
  }

  /** A snapshot is what the store has applied. */
  private offerSnapshot(to: bigint): void {
    const { applied: index, term, confState } = this.store;
    this.bodies.set(index, this.store);
    this.raft.sendSnapshot(to, { index, term, confState });
  }

  step(packet: Packet): void {
    if (packet.message.type === MessageType.Snapshot) this.stageSnapshot(packet.message, packet.body);
    this.raft.step(packet.message);
  }

  private readonly staged = new Map<number, StoreState>();

  private stageSnapshot(message: SnapshotMessage, body: StoreState | undefined): void {
    if (body === undefined) throw new Error('a snapshot message arrived without its body');
    this.staged.set(message.snapshot.index, body);
  }

  /** The oldest job reaches the disk. */
  completeJob(): AppendJob | undefined {
    const job = this.jobs.shift();
    if (job === undefined) return undefined;
    if (job.snapshot !== undefined) this.install(job.snapshot);
    this.write(job);
    this.raft.stored(job.term, job.index);
    if (job.snapshot !== undefined) this.raft.applied(job.snapshot.index);
    return job;
  }

  private write(job: AppendJob): void {
    const { disk } = this;
    if (job.hardState !== undefined) disk.hardState = job.hardState;
    for (const entry of job.entries) {
      disk.entries.length = Math.min(disk.entries.length, entry.index - disk.start.index - 1);
      disk.entries.push(entry);
    }
  }

  private install(snapshot: SnapshotMeta): void {
    const body = this.staged.get(snapshot.index);
    if (body === undefined) throw new Error(`snapshot ${snapshot.index} is to be installed, but never arrived`);
    this.disk.start = { index: snapshot.index, term: snapshot.term };
    this.disk.entries = [];
    this.disk.store = body;
    this.store = body;
    this.toApply = [];
  }

  /** Applies what was handed out, at most `count` entries. */
  apply(count = Infinity): Entry[] {
    const entries = this.toApply.splice(0, count);
    for (const entry of entries) {
      if (entry.index !== this.store.applied + 1) throw new Error(`member ${this.id} was given entry ${entry.index} after ${this.store.applied}`);
      let { confState } = this.store;
      if (entry.type === EntryType.ConfChange) confState = this.raft.applyConfChange(decodeConfChange(entry.data));
      this.store = { applied: entry.index, term: entry.term, confState, history: [...this.store.history, entry] };
    }
    if (entries.length > 0) this.raft.applied(this.store.applied);
    return entries;
  }

  /** The store reaches the disk, and the log is trimmed behind it, keeping `keep` entries. */
  checkpoint(keep = Infinity): void {
    const { disk } = this;
    disk.store = this.store;
    const through = Math.min(this.store.applied - keep, disk.start.index + disk.entries.length);
    if (through <= disk.start.index) return;
    const dropped = disk.entries.splice(0, through - disk.start.index);
    disk.start = { index: through, term: dropped[dropped.length - 1]!.term };
    this.view = this.view.filter((entry) => entry.index > through);
  }

  /** Whether something is left to do without the network or time. */
  get busy(): boolean {
    return this.running && (this.raft.hasReady() || this.jobs.length > 0 || this.toApply.length > 0);
  }

  term(index: number): number | undefined {
    return this.view.find((entry) => entry.index === index)?.term;
  }
}
