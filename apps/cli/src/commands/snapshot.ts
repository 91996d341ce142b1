import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import type { SnapshotChunk } from '@quorate/api';
import type { Command } from 'commander';
import { CliError, ExitCode } from '../cli-error';
import type { CommandRunner } from '../command-runner';
import { lines } from '../output/presentation';
import { sizeText } from '../output/store-forms';

const HASH_BYTES = 32;

export function addSnapshot(program: Command, runner: CommandRunner): void {
  const snapshot = program.command('snapshot').description('copies of the whole store');
  runner.add(snapshot.command('save <file>').description('save the store of one member; the file ends with its SHA-256'), async (session, _options, [file]) => {
    const target = file as string;
    const api = await session.api();
    const sizeBytes = await save(api.maintenance.snapshot({ signal: session.signal }), target);
    session.print({
      simple: () => lines(`Snapshot saved at ${target}`),
      json: () => ({ file: target, sizeBytes }),
      table: () => ({ head: ['FILE', 'SIZE'], rows: [[target, sizeText(sizeBytes)]] }),
    });
  });
}

/** Written under another name first, so that a file of that name is whole. */
async function save(chunks: AsyncIterable<SnapshotChunk>, target: string): Promise<number> {
  const part = `${target}.part`;
  try {
    const file = await openPart(part);
    let sizeBytes: number;
    try {
      sizeBytes = await writeChunks(chunks, file);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(part, target);
    return sizeBytes;
  } catch (error) {
    await fs.rm(part, { force: true });
    throw error;
  }
}

async function openPart(part: string): Promise<fs.FileHandle> {
  try {
    return await fs.open(part, 'w', 0o600);
  } catch (error) {
    throw new CliError(`could not open ${part} (${(error as Error).message})`, ExitCode.io);
  }
}

/** The last piece is the hash of all others. */
async function writeChunks(chunks: AsyncIterable<SnapshotChunk>, file: fs.FileHandle): Promise<number> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let last = Buffer.alloc(0);
  for await (const { blob } of chunks) {
    hash.update(last);
    last = blob as typeof last;
    await file.write(blob);
    sizeBytes += blob.length;
  }
  if (last.length !== HASH_BYTES || !hash.digest().equals(last)) throw new CliError('the snapshot did not arrive whole: its hash is missing or differs', ExitCode.io);
  return sizeBytes;
}
