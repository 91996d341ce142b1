import type { Random } from '@quorate/api';
import { type Disk, type Logger, type Recovered, type Wal, type WalBatch, type WalOptions } from '@quorate/core';

type Entry = WalBatch['entries'][number];

export const SEGMENT_BYTES = 8192;
export const METADATA = Buffer.from('member 1 of cluster 2');

export const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export function walOptions(disk: Disk, random: Random, more: Partial<WalOptions> = {}): WalOptions {
  return { disk, random, logger: quiet, segmentBytes: SEGMENT_BYTES, metadata: METADATA, ...more };
}

export function entry(index: number, term = 1, data: Buffer | string = `entry ${index} of term ${term}`): Entry {
  return { index, term, type: 0, data: Buffer.from(data) };
}

/** What a log says, as a plain value. Entries below a trimmed index may or may not be there. */
export interface ModelState {
  readonly hardState: Recovered['hardState'];
  readonly snapshot: Recovered['snapshot'];
  /** Above the snapshot. */
  readonly entries: readonly Entry[];
}

export const EMPTY_STATE: ModelState = {
  hardState: { term: 0, vote: 0n, commit: 0 }, snapshot: { index: 0, term: 0 }, entries: [],
};

/** The array model of the log. */
export function afterBatch(state: ModelState, batch: WalBatch): ModelState {
  let { snapshot, entries } = state;
  if (batch.snapshot && batch.snapshot.index >= snapshot.index) {
    const mark = batch.snapshot;
    const known = mark.index === snapshot.index ? snapshot.term : entries.find((one) => one.index === mark.index)?.term;
    entries = known === mark.term ? entries.filter((one) => one.index > mark.index) : [];
    snapshot = mark;
  }
  for (const one of batch.entries) entries = [...entries.filter((other) => other.index < one.index), one];
  return { hardState: batch.hardState ?? state.hardState, snapshot, entries };
}

/** Why a recovered log is not this state; undefined when it is. Entries below `trimmedTo` may be missing. */
export function difference(recovered: Recovered, state: ModelState, trimmedTo: number): string | undefined {
  const { hardState, snapshot } = recovered;
  if (hardState.term !== state.hardState.term || hardState.vote !== state.hardState.vote || hardState.commit !== state.hardState.commit) return 'hard state';
  if (snapshot.index !== state.snapshot.index || snapshot.term !== state.snapshot.term) return 'snapshot';
  if (!recovered.metadata.equals(METADATA)) return 'metadata';
  const first = recovered.entries[0]?.index ?? trimmedTo;
  const expected = state.entries.filter((one) => one.index >= Math.min(first, trimmedTo));
  if (expected.length !== recovered.entries.length) return `${recovered.entries.length} entries instead of ${expected.length}`;
  for (let at = 0; at < expected.length; at++) {
    if (!sameEntry(expected[at]!, recovered.entries[at]!)) return `entry ${expected[at]!.index}`;
  }
  return undefined;
}

export function sameEntry(a: Entry, b: Entry): boolean {
  return a.index === b.index && a.term === b.term && a.type === b.type && a.data.equals(b.data);
}

/** Resolves after everything that waits for microtasks only has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Lets the background work until the log can take a batch. */
export async function roomFor(wal: Wal, bytes: number, entries: number): Promise<void> {
  for (let turns = 0; !wal.hasRoom(bytes, entries); turns++) {
    if (turns > 1000) throw new Error('the log found no room');
    await turn();
  }
}
