/** One member that decides alone takes the same path as many: nothing is committed before its own disk has it. */
import { NO_NODE, type ConfState, EntryType, type InitialState, type RaftConfig, Role } from './types';
import type { Ready } from './ready';
import { Raft } from './raft';

const random = { int: (): number => 0 };
const config: RaftConfig = { id: 1n, random };
const confState: ConfState = { voters: [1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const fresh: InitialState = { hardState: { term: 0, vote: NO_NODE, commit: 0 }, confState, start: { index: 0, term: 0 }, entries: [], applied: 0 };

function elect(raft: Raft): void {
  raft.campaign();
  const vote = raft.ready();
  expect(vote.append).toMatchObject({ mustSync: true, hardState: { vote: 1n } });
  expect(raft.role).toBe(Role.Candidate);
  raft.stored(vote.append!.term, vote.append!.index);
  expect(raft.role).toBe(Role.Leader);
}

function store(raft: Raft, ready: Ready): void {
  if (ready.append !== undefined) raft.stored(ready.append.term, ready.append.index);
}

describe('single voter', () => {
  test('becomes leader only after its vote is durable, commits only after its entries are', () => {
    const raft = new Raft(config, fresh);
    elect(raft);
    expect(raft.propose([Buffer.from('a'), Buffer.from('b')])).toBe('appended');
    const first = raft.ready();
    expect(first.append!.entries.map((entry) => [entry.index, entry.data.toString()])).toEqual([[1, ''], [2, 'a'], [3, 'b']]);
    expect(first.committed).toEqual([]);
    expect(raft.hasReady()).toBe(false);
    store(raft, first);
    expect(raft.committed).toBe(3);
    const second = raft.ready();
    expect(second.committed.map((entry) => entry.index)).toEqual([1, 2, 3]);
    expect(second.append).toBeUndefined();
    raft.applied(3);
    expect(raft.hasReady()).toBe(false);
    raft.tick();
    const hint = raft.ready();
    expect(hint.append).toMatchObject({ mustSync: false, entries: [], hardState: { commit: 3 } });
  });

  test('keeps several appends on the way; each report commits its own part', () => {
    const raft = new Raft(config, fresh);
    elect(raft);
    store(raft, raft.ready());
    raft.propose(Buffer.from('a'));
    const a = raft.ready();
    raft.propose(Buffer.from('b'));
    const b = raft.ready();
    raft.tick();
    store(raft, a);
    expect(raft.committed).toBe(2);
    store(raft, b);
    expect(raft.committed).toBe(3);
  });

  test('answers reads at once, but none before the first commit of its term', () => {
    const raft = new Raft(config, fresh);
    elect(raft);
    expect(raft.readIndex(7)).toBe('queued');
    const ready = raft.ready();
    expect(ready.readStates).toEqual([]);
    store(raft, ready);
    expect(raft.ready().readStates).toEqual([{ context: 7, index: 1 }]);
    raft.readIndex(8);
    expect(raft.ready().readStates).toEqual([{ context: 8, index: 1 }]);
  });

  test('goes on after a restart where its disk ended', () => {
    const entry = (index: number): InitialState['entries'][number] => ({ term: 1, index, type: EntryType.Normal, data: Buffer.from(`${index}`) });
    const raft = new Raft(config, {
      hardState: { term: 1, vote: 1n, commit: 5 }, confState, start: { index: 3, term: 1 }, entries: [entry(4), entry(5), entry(6)], applied: 4,
    });
    expect(raft.ready().committed.map((e) => e.index)).toEqual([5]);
    elect(raft);
    store(raft, raft.ready());
    expect(raft.ready().committed.map((e) => e.index)).toEqual([6, 7]);
  });

  test('refuses proposals that would exceed the uncommitted bytes, and takes them again after the commit', () => {
    const raft = new Raft({ ...config, maxUncommittedBytes: 10 }, fresh);
    elect(raft);
    expect(raft.propose(Buffer.alloc(20))).toBe('appended');
    expect(raft.propose(Buffer.alloc(1))).toBe('uncommitted_full');
    store(raft, raft.ready());
    expect(raft.propose(Buffer.alloc(1))).toBe('appended');
  });

  test('a report out of order stops the member', () => {
    const raft = new Raft(config, fresh);
    elect(raft);
    raft.ready();
    raft.propose(Buffer.from('a'));
    const second = raft.ready();
    expect(() => raft.stored(second.append!.term, second.append!.index)).toThrow('oldest on the way');
  });
});
