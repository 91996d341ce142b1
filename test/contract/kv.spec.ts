import { rm } from 'node:fs/promises';
import { RemoteApi } from '@quorate/client';
import { startMember } from '@quorate/runtime';
import { describeWith } from '../support/foreign-tools';
import { type ServerProcess, startEtcd, startQuorate, temporaryDirectory } from '../support/server-process';
import type { ContractTarget } from './contract-scope.testing';
import { kvContract } from './kv.contract.testing';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, fatal: () => undefined };

describe('the contract of the store: a member in this process', () => kvContract(async () => {
  const dataDir = temporaryDirectory();
  const peerUrls = ['http://127.0.0.1:1'];
  const member = await startMember({
    name: 'default', dataDir, walDir: '', peerUrls, clientUrls: [], initialCluster: [{ name: 'default', peerUrls }], initialClusterToken: 'contract',
    heartbeatMs: 100, electionMs: 1000, snapshotCount: 10_000, snapshotCatchUpEntries: 5000, quotaBytes: 2 ** 31, maxRequestBytes: 1.5 * 1024 * 1024,
    maxTxnOps: 128, batchIntervalMs: 100, pendingBytesMax: 2 ** 28, autoCompaction: { mode: 'periodic', retentionMs: 0 }, version: '3.6.0',
    logger: quiet, onFailure: (error) => { throw error; },
  });
  return {
    kv: member.replica.kv,
    close: async () => {
      await member.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}));

describe('the contract of the store: our server, over gRPC', () => {
  kvContract(async () => remote(await startQuorate({ flags: ['--watch-progress-notify-interval=200ms'] })));
});

describeWith(['etcd'], 'the contract of the store: a real etcd, over gRPC', () => {
  kvContract(async () => remote(await startEtcd({ flags: ['--experimental-watch-progress-notify-interval=200ms'] })));
});

function remote(server: ServerProcess): ContractTarget {
  const api = new RemoteApi({ endpoints: [server.endpoint] });
  return {
    kv: api,
    close: async () => {
      api.close();
      await server.end('SIGTERM');
      await rm(server.dataDir, { recursive: true, force: true });
    },
  };
}
