import {
  AlarmAction, AlarmType, type AlarmRequest, type AlarmResponse, ApiError, type CallContext,
  type HashKvResponse, type HashResponse, type MaintenanceApi, type MemberListResponse, type ResponseHeader,
  type SnapshotChunk,
} from '@quorate/api';
import type { Machine } from '../machine/machine';
import type { Backend } from '../ports/backend';
import { type Proposer, responseOf } from './proposer';
import type { Reads } from './reads';
import type { StoreWriter } from './store-writer';

/** Size of one piece of a snapshot (etcd: `snapshotSendBufferSize`). */
const SNAPSHOT_CHUNK_BYTES = 32 * 1024;

export interface MaintenanceParts {
  readonly machine: Machine;
  readonly backend: Backend;
  readonly writer: StoreWriter;
  readonly proposer: Proposer;
  readonly reads: Reads;
  readonly nowMs: () => number;
  readonly header: () => ResponseHeader;
  readonly storageVersion: string;
  readonly memberId: bigint;
  readonly leader: () => bigint;
}

/** What operators ask of this member. */
export class LocalMaintenance implements MaintenanceApi {
  constructor(private readonly parts: MaintenanceParts) {}

  header(): ResponseHeader {
    return this.parts.header();
  }

  async alarm(request: AlarmRequest, context?: CallContext): Promise<AlarmResponse> {
    if (request.action === AlarmAction.GET) {
      const alarms = this.parts.machine.alarms.list()
        .filter((alarm) => request.alarm === AlarmType.NONE || alarm.alarm === request.alarm);
      return { header: this.header(), alarms };
    }
    return responseOf(await this.parts.proposer.submit({ type: 'alarm', request }, context?.signal), 'alarm');
  }

  async defragment(): Promise<void> {
    await this.parts.writer.flush();
    await this.parts.backend.defragment();
  }

  /** Of the whole replicated state; for tests of equality only, as in etcd. */
  async hash(): Promise<HashResponse> {
    return { header: this.header(), hash: (await this.parts.machine.stateHash()).hash };
  }

  async hashKv(revision: number): Promise<HashKvResponse> {
    await this.parts.writer.flush();
    const hash = await this.parts.machine.store.hashKv(revision);
    return { header: this.header(), ...hash };
  }

  async *snapshot(): AsyncIterable<SnapshotChunk> {
    await this.parts.writer.flush();
    const snapshot = await this.parts.backend.snapshot();
    try {
      let remainingBytes = snapshot.totalBytes;
      for await (const blob of snapshot.chunks(SNAPSHOT_CHUNK_BYTES)) {
        remainingBytes -= blob.length;
        yield { header: this.header(), remainingBytes, blob, version: this.parts.storageVersion };
      }
    } finally {
      await snapshot.close();
    }
  }

  async moveLeader(targetId: bigint): Promise<void> {
    if (this.parts.leader() !== this.parts.memberId) throw new ApiError('not_leader');
    if (targetId === this.parts.memberId) return;
    throw new ApiError('transferee_bad');
  }

  async memberList(linearizable: boolean): Promise<MemberListResponse> {
    if (linearizable) await this.parts.reads.linearizable(this.parts.nowMs());
    return { header: { ...this.header(), revision: 0 }, members: this.parts.machine.members.list() };
  }
}
