import { type InitialMembership } from '../machine/state-records';
import { Machine } from '../machine/machine';
import { type Backend, BackendInterruptedError, type BackendState } from '../ports/backend';
import { Raft } from '../raft/raft';
import type { Recovered, Wal } from '../wal/wal';
import { Replica, type ReplicaPorts } from './replica';
import type { ReplicaConfig } from './replica-config';

/** What was found of the log, and the membership that a new cluster begins with. */
export interface RecoveredMember {
  readonly wal: Wal;
  readonly recovered: Recovered;
  readonly initial: InitialMembership;
}

/** The store and the log do not belong together; nothing was changed. */
export class StoreMismatchError extends Error {
  override readonly name = 'StoreMismatchError';
}

/**
 * Builds a member from its log and its store, whichever way a crash left them: the store may lag behind the log by all
 * that the log still has. Nothing runs before `start` of the member is called.
 * @param onFailure the member cannot go on; the process has to end with a code that is not zero
 * @throws StoreMismatchError where the store is ahead of the log, begins before it, or followed another one
 */
export async function recoverReplica(
  config: ReplicaConfig, ports: ReplicaPorts, { wal, recovered, initial }: RecoveredMember, onFailure: (error: Error) => void,
): Promise<Replica> {
  const saved = await ports.backend.load();
  checkStoreAgainstLog(saved, recovered, wal.lastIndex);
  let readFailed = (error: Error): void => { throw error; };
  const machine = await Machine.restore({
    backend: readsOf(ports.backend, (error) => readFailed(error)), clusterId: config.clusterId, memberId: config.memberId, initial,
    nextTurn: () => new Promise((resolve) => { ports.scheduler.defer(resolve); }),
  }, saved);
  const raft = new Raft({ id: config.memberId, random: ports.random }, {
    hardState: { ...recovered.hardState, commit: Math.max(recovered.hardState.commit, saved.appliedIndex) },
    confState: machine.confState,
    start: recovered.snapshot,
    entries: recovered.entries,
    applied: saved.appliedIndex,
  });
  const replica = new Replica(config, ports, { raft, wal, machine }, onFailure);
  readFailed = (error) => replica.storeFailed(error);
  return replica;
}

/** Reads of the store whose failure, other than an interruption, is told beside the one who asked: a damaged store must not be served from. */
function readsOf(backend: Backend, failed: (error: Error) => void): Pick<Backend, 'read' | 'scan'> {
  const tell = (error: Error): never => {
    if (!(error instanceof BackendInterruptedError)) failed(error);
    throw error;
  };
  return {
    read: (ids) => backend.read(ids).catch(tell),
    scan: (from, rowsMax, bytesMax) => backend.scan(from, rowsMax, bytesMax).catch(tell),
  };
}

/** The store may lag behind the log, by any amount that the log still has; it is never ahead (SAFETY.md 1). */
function checkStoreAgainstLog(saved: BackendState, { snapshot, entries }: Recovered, lastIndex: number): void {
  const { appliedIndex, appliedTerm } = saved;
  if (appliedIndex < snapshot.index) {
    throw new StoreMismatchError(
      `the store holds entries up to ${appliedIndex}, but the WAL begins after ${snapshot.index}: `
      + 'the store is older than the log. Restore both from the same backup',
    );
  }
  if (appliedIndex > lastIndex) {
    throw new StoreMismatchError(
      `the store holds entries up to ${appliedIndex}, but the WAL ends at ${lastIndex}: `
      + 'the log is older than the store. Restore both from the same backup',
    );
  }
  const term = appliedIndex === snapshot.index ? snapshot.term : entries[appliedIndex - snapshot.index - 1]?.term;
  if (term !== appliedTerm) {
    throw new StoreMismatchError(
      `the store holds entry ${appliedIndex} of term ${appliedTerm}, the WAL has that entry of term ${term}: `
      + 'they belong to different histories. Restore both from the same backup',
    );
  }
}
