import { SqliteBackend } from '@quorate/runtime';
import { SimBackend } from '@quorate/sim';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { backendContract } from './backend-contract.testing';

backendContract('SqliteBackend', async () => {
  const root = await mkdtemp(path.join(os.tmpdir(), 'quorate-backend-'));
  return {
    open: () => SqliteBackend.open({ directory: path.join(root, 'store') }),
    restore: async (bytes) => {
      const directory = path.join(root, 'copy');
      await mkdir(directory);
      await writeFile(path.join(directory, 'quorate.db'), bytes);
      return SqliteBackend.open({ directory });
    },
    clean: () => rm(root, { recursive: true }),
  };
});

backendContract('SimBackend', async () => {
  let last: SimBackend | undefined;
  return {
    open: async () => (last = last?.reopen() ?? new SimBackend()),
    restore: async (bytes) => SimBackend.ofSnapshot(bytes),
    clean: async () => undefined,
  };
});
