import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { services } from '@quorate/wire';
import { RawClient } from '../compat/raw-client.testing';
import { describeWith, requireTool } from '../support/foreign-tools';
import { startQuorate, temporaryDirectory } from '../support/server-process';
import { faultOfAnswer, systemCallsOf } from './system-calls.testing';

const PUTS = 20;
const CALLS = 'pwrite64,write,writev,sendmsg,sendto,fdatasync,fsync';

describe('the reading of a trace', () => {
  const log = '21</d/member/wal/0000000000000001.wal>';
  const socket = '25<TCP:[127.0.0.1:1->127.0.0.1:2]>';
  const fault = (lines: readonly string[]): string | undefined => faultOfAnswer(systemCallsOf(lines.join('\n')), 'after', 'before');

  it('finds the sync between write and answer, in one line or two', () => {
    expect(fault([`1 pwrite64(${log}, "after", 5, 0) = 5`, `2 fdatasync(${log}) = 0`, `1 write(${socket}, "before", 6) = 6`])).toBeUndefined();
    expect(fault([
      `1 pwrite64(${log}, "after", 5, 0) = 5`, `2 fdatasync(${log} <unfinished ...>`, `1 write(${socket}, "else", 4) = 4`,
      '2 <... fdatasync resumed>) = 0', `1 write(${socket}, "before", 6) = 6`,
    ])).toBeUndefined();
  });

  it.each([
    ['no sync', [`1 pwrite64(${log}, "after", 5, 0) = 5`, `1 write(${socket}, "before", 6) = 6`]],
    ['a sync that began before the write', [
      `2 fdatasync(${log} <unfinished ...>`, `1 pwrite64(${log}, "after", 5, 0) = 5`, '2 <... fdatasync resumed>) = 0', `1 write(${socket}, "before", 6) = 6`,
    ]],
    ['a sync that returned after the answer', [
      `1 pwrite64(${log}, "after", 5, 0) = 5`, `2 fdatasync(${log} <unfinished ...>`, `1 write(${socket}, "before", 6) = 6`, '2 <... fdatasync resumed>) = 0',
    ]],
    ['a sync that failed', [`1 pwrite64(${log}, "after", 5, 0) = 5`, `2 fdatasync(${log}) = -1 EIO (Input/output error)`, `1 write(${socket}, "before", 6) = 6`]],
    ['a sync of another file', [`1 pwrite64(${log}, "after", 5, 0) = 5`, '2 fdatasync(9</d/member/store/quorate.db-wal>) = 0', `1 write(${socket}, "before", 6) = 6`]],
  ])('finds %s', (_what, lines) => {
    expect(fault(lines)).toMatch(/left before the log was synced/);
  });
});

describeWith(['strace'], 'the system calls of a server', () => {
  it('sync the log before the answer to a write leaves', async () => {
    const server = await startQuorate();
    const file = path.join(temporaryDirectory(), 'trace');
    const tracer = spawn(requireTool('strace'), ['-f', '-yy', '-s', '4096', '-e', `trace=${CALLS}`, '-o', file, '-p', String(server.pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
    const client = new RawClient(server.endpoint);
    try {
      await attached(tracer.stderr);
      for (let at = 0; at <= PUTS; at++) {
        await client.ask(services.KV.Put, { key: 'traced', value: Buffer.from(`<value ${at}>`), prevKv: true });
      }
    } finally {
      client.close();
      tracer.kill('SIGINT');
      await once(tracer, 'exit');
      await server.end('SIGTERM');
    }
    const calls = systemCallsOf(fs.readFileSync(file, 'utf8'));
    // The answer to each put tells the value before it. The last one may have arrived before the tracer wrote of it.
    for (let at = 1; at < PUTS; at++) expect(faultOfAnswer(calls, `<value ${at}>`, `<value ${at - 1}>`)).toBeUndefined();
    fs.rmSync(path.dirname(file), { recursive: true });
    fs.rmSync(server.dataDir, { recursive: true });
  }, 60_000);
});

/** Resolves when strace says that it has attached. */
async function attached(stderr: NodeJS.ReadableStream): Promise<void> {
  for await (const chunk of stderr) if (String(chunk).includes('attached')) return;
  throw new Error('strace could not attach');
}
