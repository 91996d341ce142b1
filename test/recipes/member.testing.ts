import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MAX_REQUEST_BYTES, MAX_TXN_OPS } from '@quorate/api';
import { type RunningMember, startMember } from '@quorate/runtime';

const silent = (): void => undefined;

/** A member in this process that can be stopped and started again on its directory. */
export class RestartableMember {
  private constructor(private readonly dataDir: string, private member: RunningMember) {}

  static async start(): Promise<RestartableMember> {
    const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'quorate-recipes-'));
    return new RestartableMember(dataDir, await startIn(dataDir));
  }

  get kv(): RunningMember['replica']['kv'] {
    return this.member.replica.kv;
  }

  async restart(): Promise<void> {
    await this.member.stop();
    this.member = await startIn(this.dataDir);
  }

  async stop(): Promise<void> {
    await this.member.stop();
    await fs.rm(this.dataDir, { recursive: true, force: true });
  }
}

function startIn(dataDir: string): Promise<RunningMember> {
  return startMember({
    name: 'default', peerUrls: [], clientUrls: ['http://localhost:2379'], heartbeatMs: 100, electionMs: 1000, snapshotCount: 10_000,
    snapshotCatchUpEntries: 5000, quotaBytes: 2 ** 31, maxRequestBytes: MAX_REQUEST_BYTES, maxTxnOps: MAX_TXN_OPS, batchIntervalMs: 20,
    pendingBytesMax: 2 ** 28, autoCompaction: { mode: 'revision', retentionRevisions: 0 }, version: '3.6.0', dataDir, walDir: '',
    initialCluster: [{ name: 'default', peerUrls: ['http://localhost:2380'] }], initialClusterToken: 'recipes',
    bootstrapFault: async () => undefined,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    onFailure: (error) => { throw error; },
  });
}
