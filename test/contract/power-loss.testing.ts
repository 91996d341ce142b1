import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** What a traced program did to the files of one directory, and the lines it wrote to its output, in order. */
export type DiskEvent =
  | { readonly kind: 'create' | 'sync' | 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string }
  | { readonly kind: 'write'; readonly name: string; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly name: string; readonly size: number }
  | { readonly kind: 'syncDirectory' }
  | { readonly kind: 'line'; readonly text: string };

const CALLS = 'openat,write,pwrite64,writev,pwritev,ftruncate,fallocate,fdatasync,fsync,sync_file_range,unlink,unlinkat,rename,renameat,renameat2';
/** What the disk takes whole or not at all. */
const SECTOR_BYTES = 4096;

/** Runs a program under strace and resolves to what it did in `directory`. */
export async function traceProgram(strace: string, directory: string, traceFile: string, command: readonly string[]): Promise<DiskEvent[]> {
  const args = ['-f', '-y', '-xx', '-s', '100000', '-e', 'signal=none', '-e', `trace=${CALLS}`, '-o', traceFile, ...command];
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(strace, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.resume();
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`the traced program ended with ${code}`);
  return eventsIn(await readFile(traceFile, 'latin1'), directory);
}

function eventsIn(trace: string, directory: string): DiskEvent[] {
  const events: DiskEvent[] = [];
  const known = new Set<string>();
  for (const { call, args, result } of callsIn(trace)) {
    if (result < 0) continue;
    const quoted = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((match) => unhex(match[1]!));
    const descriptor = /^(\d+)<([^>]*)>/.exec(args);
    const target = descriptor === null ? undefined : unhex(descriptor[2]!).latin1Slice();
    const event = eventOf(call, args, quoted, descriptor?.[1], target, directory, known);
    if (event !== undefined) events.push(event);
  }
  return events;
}

function eventOf(
  call: string, args: string, quoted: Buffer[], descriptor: string | undefined, target: string | undefined, directory: string, known: Set<string>,
): DiskEvent | undefined {
  if (call === 'openat' || call === 'unlink') {
    const name = nameIn(directory, quoted[0]!.latin1Slice());
    if (name === undefined) return undefined;
    if (call === 'unlink') return known.delete(name) ? { kind: 'remove', name } : undefined;
    if (!args.includes('O_CREAT') || known.has(name)) return undefined;
    known.add(name);
    return { kind: 'create', name };
  }
  if (call === 'rename') {
    const [name, to] = quoted.map((file) => nameIn(directory, file.latin1Slice()));
    if (name === undefined || to === undefined || !known.delete(name)) return undefined;
    known.add(to);
    return { kind: 'rename', name, to };
  }
  if (call === 'write' && descriptor === '1') return { kind: 'line', text: quoted[0]!.latin1Slice().trim() };
  if (target === undefined) return undefined;
  if (target === directory && call === 'fsync') return { kind: 'syncDirectory' };
  const name = nameIn(directory, target);
  if (name === undefined) return undefined;
  const lastNumber = Number(/(\d+)\s*$/.exec(args)?.[1]);
  switch (call) {
    case 'pwrite64':
      return { kind: 'write', name, offset: lastNumber, bytes: quoted.at(-1)! };
    case 'ftruncate':
      return { kind: 'truncate', name, size: lastNumber };
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', name };
    default:
      throw new Error(`the model of the disk does not know ${call} on ${name}`);
  }
}

/** SQLite's shared memory is rebuilt after every crash; it is never durable. */
function nameIn(directory: string, file: string): string | undefined {
  return path.dirname(file) === directory && !file.endsWith('-shm') ? path.basename(file) : undefined;
}

/** The calls of a trace, each where it ended; strace cuts a call in two when another thread comes in between. */
function* callsIn(trace: string): Generator<{ call: string; args: string; result: number }> {
  const begun = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const [, thread, text] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (thread === undefined || text === undefined) continue;
    const unfinished = text.indexOf(' <unfinished ...>');
    if (unfinished >= 0) {
      begun.set(thread, text.slice(0, unfinished));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text);
    const whole = resumed === null ? text : (begun.get(thread) ?? '') + text.slice(resumed[0].length);
    const parsed = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(whole);
    if (parsed !== null) yield { call: parsed[1]!, args: parsed[2]!, result: Number(parsed[3]) };
  }
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}

interface Inode {
  durable: Buffer;
  pending: ((content: Buffer, keeps: () => boolean) => Buffer)[];
}

/** A disk that keeps for certain only what was synced, bytes and names apart. */
export class LossyDisk {
  private readonly names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();

  apply(event: DiskEvent): void {
    switch (event.kind) {
      case 'create':
        this.names.set(event.name, { durable: Buffer.alloc(0), pending: [] });
        return;
      case 'remove':
        this.names.delete(event.name);
        return;
      case 'rename':
        this.names.set(event.to, this.names.get(event.name)!);
        this.names.delete(event.name);
        return;
      case 'write':
        this.names.get(event.name)!.pending.push((content, keeps) => overwrite(content, event.offset, event.bytes, keeps));
        return;
      case 'truncate':
        this.names.get(event.name)!.pending.push((content, keeps) => (keeps() ? resized(content, event.size) : content));
        return;
      case 'sync': {
        const inode = this.names.get(event.name)!;
        inode.durable = settled(inode, () => true);
        inode.pending = [];
        return;
      }
      case 'syncDirectory':
        this.durableNames = new Map(this.names);
        return;
      case 'line':
        return;
    }
  }

  /** The files after the power has gone; `keeps` decides for each name and each sector that was not synced. */
  afterPowerLoss(keeps: () => boolean): Map<string, Buffer> {
    const files = new Map<string, Buffer>();
    for (const name of new Set([...this.names.keys(), ...this.durableNames.keys()])) {
      const [now, before] = [this.names.get(name), this.durableNames.get(name)];
      const inode = now === before || keeps() ? now : before;
      if (inode !== undefined) files.set(name, settled(inode, keeps));
    }
    return files;
  }
}

function settled(inode: Inode, keeps: () => boolean): Buffer {
  let content = inode.durable;
  for (const change of inode.pending) content = change(content, keeps);
  return content;
}

function overwrite(content: Buffer, offset: number, bytes: Buffer, keeps: () => boolean): Buffer {
  let result = content;
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES));
    if (keeps()) {
      result = resized(result, Math.max(result.length, offset + to));
      bytes.copy(result, offset + from, from, to);
    }
    from = to;
  }
  return result;
}

/** Always a copy. */
function resized(content: Buffer, size: number): Buffer {
  const result = Buffer.alloc(size);
  content.copy(result, 0, 0, size);
  return result;
}
