import type { BackendState } from '../ports/backend';
import type { CommandResult } from './applied';
import { type CommandBody, encodeCommand } from './command';
import { type Applied, Machine, type MachineOptions } from './machine';

export const MEMBER_ID = 0x8e9e05c52164694dn;
export const CLUSTER_ID = 0xcdf818194e3a8c32n;

/** What a store that was never written to holds. */
export const NOTHING_SAVED: BackendState = { appliedIndex: 0, appliedTerm: 0, state: [] };

/** A new cluster of one member on a backend that nothing was stored in. */
export const NEW_MEMBER: MachineOptions = {
  clusterId: CLUSTER_ID, memberId: MEMBER_ID,
  backend: { read: (ids) => Promise.resolve(ids.map(() => undefined)), scan: () => Promise.resolve([]) },
  initial: {
    members: [{ id: MEMBER_ID, name: '', peerUrls: ['http://localhost:2380'], clientUrls: [], isLearner: false }],
    confState: { voters: [MEMBER_ID], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
  },
};

/** Feeds a machine with commands as the log would: one entry each, in order. */
export class Feeder {
  index: number;
  term = 1;
  /** Slices that the last entry took beyond its first. */
  slices = 0;

  constructor(readonly machine: Machine) {
    this.index = machine.appliedIndex;
    this.term = Math.max(1, machine.appliedTerm);
  }

  static async onNewMember(): Promise<Feeder> {
    return new Feeder(await Machine.restore(NEW_MEMBER, NOTHING_SAVED));
  }

  /** Applies a command whole. */
  apply(body: CommandBody, wanted = true): Applied {
    const data = encodeCommand({ ...body, proposalId: ++this.index });
    this.slices = 0;
    let applied = this.machine.apply(this.index, this.term, data, wanted);
    for (; applied === undefined; applied = this.machine.resume()) this.slices++;
    return applied;
  }

  /** The result, which no read of history must delay. */
  result(body: CommandBody): CommandResult {
    const { result } = this.apply(body);
    if (result === undefined || result instanceof Promise) throw new Error(`${body.type} has no result at once`);
    return result;
  }
}
