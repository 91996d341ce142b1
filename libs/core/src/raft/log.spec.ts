/** The log in memory: positions, conflicts, slices, and what it refuses. */
import { entriesOf } from './cluster.testing';
import { ENTRY_OVERHEAD_BYTES, RaftLog } from './log';
import { EntryType } from './types';

const logOf = (...terms: readonly number[]): RaftLog => new RaftLog({ index: 0, term: 0 }, entriesOf(...terms), 0, 0);
const entry = (term: number, index: number): { term: number; index: number; type: EntryType; data: Buffer } => ({ term, index, type: EntryType.Normal, data: Buffer.from('xy') });

describe('positions', () => {
  const log = new RaftLog({ index: 10, term: 3 }, [entry(3, 11), entry(4, 12)], 10, 10);

  test.each([[9, 0], [10, 3], [11, 3], [12, 4], [13, 0]])('the term at %d is %d (0 = unknown)', (index, term) => {
    expect(log.term(index)).toBe(term);
  });

  test('matching needs the very term', () => {
    expect(log.matches(12, 4)).toBe(true);
    expect(log.matches(12, 3)).toBe(false);
    expect(log.matches(9, 0)).toBe(false);
    expect(log.matches(13, 0)).toBe(false);
  });
});

describe('conflicts', () => {
  test.each([
    [[1, 1, 2, 2], 4, 1, 2], [[1, 1, 2, 2], 4, 2, 4], [[1, 1, 2, 2], 9, 2, 4], [[3, 3], 2, 1, 0], [[1, 5, 5, 5], 4, 4, 1],
  ])('in %j the last place at or below %d that can agree with term %d is %d', (terms, index, term, expected) => {
    expect(logOf(...terms).findConflictByTerm(index, term)).toBe(expected);
  });

  test('where the memory ends, the search ends too', () => {
    const log = new RaftLog({ index: 10, term: 3 }, [entry(5, 11)], 10, 10);
    expect(log.findConflictByTerm(11, 2)).toBe(10);
  });

  test('the first conflict is the first missing or different entry', () => {
    const log = logOf(1, 2);
    expect(log.firstConflict([entry(1, 1), entry(2, 2)])).toBe(2);
    expect(log.firstConflict([entry(2, 2), entry(2, 3)])).toBe(1);
    expect(log.firstConflict([entry(3, 2)])).toBe(0);
  });
});

describe('truncation and compaction', () => {
  test('truncating takes back what was handed to the disk and what was durable', () => {
    const log = logOf(1, 1, 1);
    log.truncateFrom(2);
    expect(log).toMatchObject({ lastIndex: 1, lastTerm: 1, stable: 1, handed: 1 });
    expect(log.memoryBytes).toBe(2 + ENTRY_OVERHEAD_BYTES);
    log.push(entry(2, 2));
    expect(log.takeUnhanded().map((e) => e.index)).toEqual([2]);
  });

  test('committed entries are never truncated', () => {
    const log = logOf(1, 1);
    log.commitTo(2);
    expect(() => log.truncateFrom(2)).toThrow('committed');
  });

  test('compaction keeps positions and bytes right', () => {
    const log = logOf(1, 1, 2);
    log.commitTo(3);
    log.takeApplicable(Infinity, Infinity);
    log.appliedTo(2);
    log.compact(2);
    expect([log.offset, log.offsetTerm, log.term(3), log.term(1)]).toEqual([2, 1, 2, 0]);
    expect(log.memoryBytes).toBe(2 + ENTRY_OVERHEAD_BYTES);
    log.compact(1);
    expect(log.offset).toBe(2);
  });
});

describe('slices', () => {
  test('hold at least one entry and at most the bytes', () => {
    const log = logOf(1, 1, 1);
    const size = 2 + ENTRY_OVERHEAD_BYTES;
    expect(log.slice(1, 3, 0)).toHaveLength(1);
    expect(log.slice(1, 3, 2 * size)).toHaveLength(2);
    expect(log.slice(1, 3, 2 * size - 1)).toHaveLength(1);
    expect(log.slice(2, 2, Infinity)).toHaveLength(1);
    expect(log.slice(4, 3, Infinity)).toEqual([]);
  });

  test('only what is committed and durable is handed out, each entry once', () => {
    const log = logOf(1);
    log.push(entry(1, 2));
    log.commitTo(2);
    expect(log.takeApplicable(Infinity, Infinity).map((e) => e.index)).toEqual([1]);
    expect(log.takeApplicable(Infinity, Infinity)).toEqual([]);
    log.takeUnhanded();
    log.stable = 2;
    expect(log.takeApplicable(Infinity, Infinity).map((e) => e.index)).toEqual([2]);
  });
});

describe('refuses to start', () => {
  test.each<[string, () => RaftLog, string]>([
    ['with a gap', () => new RaftLog({ index: 0, term: 0 }, [entry(1, 2)], 0, 0), 'gap'],
    ['with a falling term', () => new RaftLog({ index: 0, term: 0 }, [entry(2, 1), entry(1, 2)], 0, 0), 'below its predecessor'],
    ['with a state machine ahead of the log', () => new RaftLog({ index: 0, term: 0 }, [entry(1, 1)], 2, 2), 'beyond the last entry'],
    ['with a state machine behind the log', () => new RaftLog({ index: 5, term: 1 }, [], 5, 4), 'below the start'],
    ['with a commit beyond the log', () => new RaftLog({ index: 0, term: 0 }, [entry(1, 1)], 2, 1), 'beyond the last entry'],
  ])('%s', (_name, make, reason) => {
    expect(make).toThrow(reason);
  });
});
