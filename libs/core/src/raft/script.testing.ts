/**
 * The language of the golden dialogues (`testdata/*.txt`). A line `> command arguments` is run; the indented lines after it are what
 * happened, checked by the test and rewritten with QUORATE_UPDATE_GOLDEN=1. Other lines are comments.
 *
 *   cluster 3 [learners=4,5] [key=value…]   start members 1…3 (and learners); keys are Raft's settings
 *   join 4                                  start a member that is not in the membership yet
 *   log 2 1 1 3                             before `cluster`: member 2 starts with entries of these terms (and `term=`)
 *   entries 1                               the log as it was given to the disk
 *   campaign 1 · tick 1 [n] · propose 1 a b · conf 1 v4 l5 r2 [implicit|explicit] · leave-joint 1 · read 1 7 · transfer 1 2
 *   ready 1 · store 1 [n] · apply 1 · work 1        one ready; disk writes; application; all of them until nothing is left
 *   deliver [to=2] [from=1] [type=Append] [n=1]     messages on the wire, oldest first (`drop` and `duplicate` take the same)
 *   settle                                          everybody works and talks until nothing is left
 *   crash 2 · restart 2 · checkpoint 1 [keep] · compact 1 index · unreachable 1 2 · report-snapshot 1 2 ok|failed
 *   status 1 · progress 1 · wire · quiet · loud     look; `quiet` hides what happens until `loud`
 */
import { SeededRandom, TestCluster, entriesOf } from './cluster.testing';
import {
  describeChange, describeConfState, describeEntry, describeEvent, describeJob, describeMessage, describeProgress, describeStatus, roleName, typeName,
} from './describe.testing';
import type { Packet, TestMember } from './member.testing';
import { type ConfChange, ConfChangeType, type ConfChangeStep, ConfTransition, type Entry, EntryType, type HardState, type RandomSource } from './types';
import { decodeConfChange } from './conf-codec';

const CHANGE_TYPES: Readonly<Record<string, ConfChangeType>> = {
  v: ConfChangeType.AddVoter, r: ConfChangeType.RemoveNode, l: ConfChangeType.AddLearner, u: ConfChangeType.UpdateNode,
};
const ROUNDS_MAX = 200;

/** Makes the election timeouts of a dialogue known: always the shortest. */
const SHORTEST: RandomSource = { int: () => 0 };

interface Options {
  readonly positional: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

function parse(words: readonly string[]): Options {
  const named = new Map<string, string>();
  const positional: string[] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    if (at > 0) named.set(word.slice(0, at), word.slice(at + 1));
    else positional.push(word);
  }
  return { positional, named };
}

export class Script {
  private cluster: TestCluster | undefined;
  private readonly logs: Record<string, { entries: Entry[]; hardState: HardState }> = {};
  private output: string[] = [];
  private loud = true;

  /** Runs a whole dialogue; returns it with the transcript as it is now. */
  run(text: string): string {
    const lines: string[] = [];
    for (const line of text.split('\n')) {
      if (line.startsWith('  ')) continue;
      lines.push(line);
      if (line.startsWith('> ')) lines.push(...this.command(line.slice(2).trim()).map((result) => `  ${result}`));
    }
    return lines.join('\n');
  }

  private command(line: string): string[] {
    this.output = [];
    const [name, ...words] = line.split(/\s+/);
    const handler = this.handlers[name!];
    if (handler === undefined) throw new Error(`unknown command in a dialogue: ${line}`);
    try {
      handler(parse(words));
    } catch (error) {
      throw new Error(`dialogue fails at "${line}"`, { cause: error });
    }
    return this.output;
  }

  private say(line: string): void {
    if (this.loud) this.output.push(line);
  }

  private get world(): TestCluster {
    if (this.cluster === undefined) throw new Error('the dialogue must begin with `cluster`');
    return this.cluster;
  }

  private member(options: Options, at = 0): TestMember {
    return this.world.get(BigInt(options.positional[at]!));
  }

  private number(options: Options, at: number, otherwise: number): number {
    const word = options.positional[at];
    return word === undefined ? otherwise : Number(word);
  }

  private readonly handlers: Readonly<Record<string, (options: Options) => void>> = {
    cluster: (options) => this.start(options),
    log: ({ positional, named }) => {
      const terms = positional.slice(1).map(Number);
      const term = Number(named.get('term') ?? terms[terms.length - 1] ?? 0);
      this.logs[positional[0]!] = { entries: entriesOf(...terms), hardState: { term, vote: 0n, commit: 0 } };
    },
    join: ({ positional }) => { this.world.join(BigInt(positional[0]!)); },
    campaign: (options) => { this.member(options).raft.campaign(); this.sayStatus(options); },
    tick: (options) => { for (let i = 0; i < this.number(options, 1, 1); i++) this.member(options).raft.tick(); },
    propose: (options) => this.say(this.member(options).raft.propose(options.positional.slice(1).map((data) => Buffer.from(data)))),
    conf: (options) => this.say(this.member(options).raft.proposeConfChange(this.change(options))),
    'leave-joint': (options) => this.say(this.member(options).raft.proposeConfChange({ transition: ConfTransition.Auto, changes: [], context: Buffer.alloc(0) })),
    read: (options) => this.say(this.member(options).raft.readIndex(this.number(options, 1, 0))),
    transfer: (options) => this.say(this.member(options).raft.transferLeadership(BigInt(options.positional[1]!)) ? 'started' : 'refused'),
    ready: (options) => this.ready(this.member(options)),
    store: (options) => { for (let i = 0; i < this.number(options, 1, 1); i++) this.store(this.member(options)); },
    apply: (options) => this.apply(this.member(options)),
    work: (options) => { this.work(this.member(options)); },
    settle: () => this.settle(),
    deliver: (options) => { for (const packet of this.take(options)) this.deliver(packet); },
    drop: (options) => { for (const packet of this.take(options)) this.say(`dropped ${describeMessage(packet.message)}`); },
    duplicate: (options) => {
      const taken = this.take(options);
      this.world.wire.unshift(...taken, ...taken);
    },
    crash: (options) => this.member(options).crash(),
    restart: (options) => { this.member(options).restart(); this.sayStatus(options); },
    checkpoint: (options) => this.member(options).checkpoint(this.number(options, 1, 0)),
    compact: (options) => this.member(options).raft.compact(this.number(options, 1, 0)),
    unreachable: (options) => this.member(options).raft.reportUnreachable(BigInt(options.positional[1]!)),
    'report-snapshot': (options) => this.member(options).raft.reportSnapshot(BigInt(options.positional[1]!), options.positional[2] === 'ok'),
    status: (options) => this.sayStatus(options),
    progress: (options) => { for (const line of describeProgress(this.member(options).raft.status())) this.say(line); },
    entries: (options) => this.say(this.member(options).view.map(describeEntry).join(', ')),
    wire: () => { for (const { message } of this.world.wire) this.say(describeMessage(message)); },
    quiet: () => { this.loud = false; },
    loud: () => { this.loud = true; },
  };

  private start({ positional, named }: Options): void {
    const voters = Array.from({ length: Number(positional[0]) }, (_, i) => BigInt(i + 1));
    const learners = (named.get('learners') ?? '').split(',').filter((id) => id !== '').map(BigInt);
    const settings: Record<string, unknown> = { random: named.has('seed') ? new SeededRandom(Number(named.get('seed'))) : SHORTEST };
    for (const [key, value] of named) if (key !== 'learners' && key !== 'seed') settings[key] = value === 'true' || value === 'false' ? value === 'true' : Number(value);
    this.cluster = new TestCluster({ confState: { voters, learners, votersOutgoing: [], learnersNext: [], autoLeave: false }, settings, init: this.logs });
  }

  private change({ positional }: Options): ConfChange {
    const changes: ConfChangeStep[] = [];
    let transition: ConfTransition = ConfTransition.Auto;
    for (const word of positional.slice(1)) {
      if (word === 'implicit') transition = ConfTransition.JointImplicit;
      else if (word === 'explicit') transition = ConfTransition.JointExplicit;
      else changes.push({ type: CHANGE_TYPES[word[0]!]!, nodeId: BigInt(word.slice(1)) });
    }
    return { transition, changes, context: Buffer.alloc(0) };
  }

  private sayStatus(options: Options): void {
    this.say(describeStatus(this.member(options).raft.status()));
  }

  private ready(member: TestMember): void {
    if (!member.raft.hasReady()) return;
    const before = { reads: member.readStates.length, dropped: member.droppedReads.length };
    const { ready, packets } = member.takeReady();
    const say = (line: string): void => this.say(`${member.id} ${line}`);
    if (ready.softState !== undefined) say(`is ${roleName(ready.softState.role)} in term ${ready.softState.term}, leader ${ready.softState.leader}`);
    for (const event of ready.events) say(`event ${describeEvent(event)}`);
    if (ready.append !== undefined) say(`append ${describeJob(ready.append)}`);
    for (const { message } of packets) this.say(describeMessage(message));
    if (ready.committed.length > 0) say(`commit [${ready.committed.map(describeEntry).join(', ')}]`);
    for (const { context, index } of member.readStates.slice(before.reads)) say(`read ${context} at ${index}`);
    for (const context of member.droppedReads.slice(before.dropped)) say(`read ${context} dropped`);
    for (const { to, index } of ready.logReads) say(`log read from ${index} for ${to}`);
    for (const to of ready.snapshotRequests) say(`snapshot wanted for ${to}`);
    this.world.post(packets);
  }

  private store(member: TestMember): void {
    const job = member.completeJob();
    if (job !== undefined) this.say(`${member.id} stored ${describeJob(job)}`);
  }

  private apply(member: TestMember): void {
    for (let entry = member.apply(1)[0]; entry !== undefined; entry = member.apply(1)[0]) {
      if (entry.type === EntryType.ConfChange) this.say(`${member.id} applied ${describeChange(decodeConfChange(entry.data))}: ${describeConfState(member.raft.confState)}`);
    }
  }

  private work(member: TestMember): void {
    for (let i = 0; member.busy; i++) {
      if (i > ROUNDS_MAX) throw new Error(`member ${member.id} does not come to rest`);
      this.ready(member);
      while (member.jobs.length > 0) this.store(member);
      this.apply(member);
    }
  }

  private settle(): void {
    for (let i = 0; i < ROUNDS_MAX; i++) {
      for (const member of this.world.members.values()) this.work(member);
      if (this.world.wire.length === 0) return;
      for (const packet of this.world.wire.splice(0)) this.world.deliver(packet);
    }
    throw new Error('the cluster does not come to rest');
  }

  private deliver(packet: Packet): void {
    this.say(`deliver ${describeMessage(packet.message)}`);
    this.world.deliver(packet);
  }

  /** Takes the messages that fit off the wire. */
  private take({ named }: Options): Packet[] {
    const to = named.get('to');
    const from = named.get('from');
    const type = named.get('type');
    let left = Number(named.get('n') ?? Infinity);
    const taken: Packet[] = [];
    this.world.wire = this.world.wire.filter((packet) => {
      const { message } = packet;
      const fits = (to === undefined || String(message.to) === to) && (from === undefined || String(message.from) === from)
        && (type === undefined || typeName(message.type) === type) && left > 0;
      if (fits) {
        taken.push(packet);
        left--;
      }
      return !fits;
    });
    return taken;
  }
}
