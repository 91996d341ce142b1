import { type Recovered, Wal, type WalBatch } from '@quorate/core';
import { SeededRandom, SimDisk } from '@quorate/sim';
import { type SyncCall, type SyncKind, SwallowingDisk } from './swallowed-sync.testing';
import { afterBatch, difference, EMPTY_STATE, entry, type ModelState, roomFor, walOptions } from './wal-model.testing';

const SEGMENT_BYTES = 2048;
const SEEDS = 30;

type Swallows = (call: SyncCall) => boolean;

/** The story ends here. */
class Stop extends Error {}

/** A log's life up to a crash: what it must hold afterwards, and the disk to look at. */
class Life {
  readonly calls: SyncCall[] = [];
  /** Things that were promised to be durable. */
  promises = 0;
  /** Syncs before the power loss. */
  callsOfStory = 0;
  private disk: SimDisk;
  private front!: SwallowingDisk;
  private wal!: Wal;
  private state: ModelState = EMPTY_STATE;
  private trimmedTo = 1;

  /** @param promisesMax the story ends after so many of them */
  constructor(private readonly random: SeededRandom, private readonly swallows: Swallows, private readonly promisesMax: number) {
    // The background is slow, so that there are many moments at which its work is half done.
    this.disk = new SimDisk({
      random,
      delay: async (operation) => {
        for (let hops = operation === 'sync' ? 2 : 1 + random.int(20); hops > 0; hops--) await Promise.resolve();
      },
    });
  }

  async create(): Promise<void> {
    this.wal = await Wal.create(this.options());
    this.promised();
  }

  private promised(): void {
    if (++this.promises >= this.promisesMax) throw new Stop();
  }

  /** Appends and syncs; the states in between do not matter here. */
  async put(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      const index = this.wal.lastIndex + 1;
      const batch: WalBatch = { entries: [entry(index, 1, Buffer.alloc(350, index))] };
      await roomFor(this.wal, 350, 1);
      this.wal.append(batch);
      await this.wal.sync();
      this.state = afterBatch(this.state, batch);
      this.promised();
    }
  }

  /** From now on the disk has room for so many segments. */
  limit(segments: number): void {
    this.disk.capacityBytes = segments * SEGMENT_BYTES;
  }

  async trim(index: number): Promise<void> {
    this.trimmedTo = index;
    await this.wal.trim(index);
    this.promised();
  }

  /** The process is killed, with bytes appended that were never synced; from then on what it finds counts. */
  async kill(unsynced: number): Promise<void> {
    for (let at = 0; at < unsynced; at++) {
      const index = this.wal.lastIndex + 1;
      await roomFor(this.wal, 350, 1);
      this.wal.append({ entries: [entry(index, 1, Buffer.alloc(350, index))] });
    }
    for (let hops = this.random.int(60); hops > 0; hops--) await Promise.resolve();
    this.disk = this.disk.kill();
    const found = await this.reopen();
    this.state = { hardState: found.hardState, snapshot: found.snapshot, entries: found.entries };
    this.promised();
  }

  /** @returns why the log is not what it must be, after a power loss in which this much of the unsynced survives */
  async powerLoss(survival: number): Promise<string | undefined> {
    this.callsOfStory = this.calls.length;
    for (let hops = this.random.int(3) * this.random.int(60); hops > 0; hops--) await Promise.resolve();
    this.disk = this.disk.powerLoss(survival);
    try {
      return difference(await this.reopen(), this.state, this.trimmedTo);
    } catch (error) {
      return (error as Error).message;
    }
  }

  private async reopen(): Promise<Recovered> {
    const { wal, recovered } = await Wal.open(this.options());
    this.wal = wal;
    return recovered;
  }

  private options() {
    const first = this.calls.length;
    this.front = new SwallowingDisk(this.disk, (call) => {
      const numbered = { ...call, number: first + call.number };
      this.calls[numbered.number] = numbered;
      return this.swallows(numbered);
    });
    return walOptions(this.front, this.random, { segmentBytes: SEGMENT_BYTES });
  }
}

type Story = (life: Life) => Promise<void>;

const STORIES: Readonly<Record<string, Story>> = {
  'a new log': (life) => life.create(),
  'segments one after the other': async (life) => {
    await life.create();
    await life.put(10);
  },
  'a start after a kill': async (life) => {
    await life.create();
    await life.put(1);
    await life.kill(1);
    await life.put(5);
  },
  'a start after a kill in a new segment': async (life) => {
    await life.create();
    await life.put(3);
    await life.kill(2);
    await life.put(1);
  },
  'segments given back on a full disk': async (life) => {
    await life.create();
    life.limit(3);
    await life.put(9);
    await life.trim(6);
    await life.put(5);
  },
  'several segments dropped at once': async (life) => {
    await life.create();
    await life.put(14);
    await life.trim(13);
    await life.put(1);
  },
};

const SURVIVALS = [0, 0.5, 0.9];

async function lossOf(story: Story, seed: number, promisesMax: number, swallows: Swallows): Promise<{ loss: string | undefined; life: Life }> {
  const life = new Life(new SeededRandom(seed), swallows, promisesMax);
  await story(life).catch((error: unknown) => {
    if (!(error instanceof Stop)) throw error;
  });
  return { loss: await life.powerLoss(SURVIVALS[seed % SURVIVALS.length]!), life };
}

/** Whether there is a moment and a power loss that show that these syncs were left out. */
async function isMissed(story: Story, swallows: Swallows): Promise<boolean> {
  const { promises } = (await lossOf(story, 1, Infinity, () => false)).life;
  for (let seed = 1; seed <= SEEDS; seed++) {
    for (let promisesMax = 1; promisesMax <= promises; promisesMax++) {
      if ((await lossOf(story, seed, promisesMax, swallows)).loss !== undefined) return true;
    }
  }
  return false;
}

describe('WAL, syncs left out', () => {
  test.each(Object.entries(STORIES))('%s: survives every power loss with all syncs', async (_, story) => {
    const { life } = await lossOf(story, 1, Infinity, () => false);
    for (let promises = 1; promises <= life.promises; promises++) {
      for (let seed = 1; seed <= SEEDS; seed++) expect((await lossOf(story, seed, promises, () => false)).loss).toBeUndefined();
    }
  });

  const kinds: [SyncKind, string][] = [
    ['preparation', 'a new log'],
    ['name of a new segment', 'a new log'],
    ['name of a new segment', 'segments one after the other'],
    ['names found', 'a start after a kill'],
    ['segment', 'a start after a kill in a new segment'],
    ['name of a segment given back', 'segments given back on a full disk'],
    ['preparation', 'segments given back on a full disk'],
    ['removal', 'several segments dropped at once'],
  ];
  test.each(kinds)('without the sync of "%s" a power loss shows it: %s', async (kind, name) => {
    // The first two belong to the new log, and are missed in every story.
    const from = name === 'a new log' ? 0 : 2;
    expect(await isMissed(STORIES[name]!, (call) => call.kind === kind && call.number >= from)).toBe(true);
  });

  test.each(Object.entries(STORIES))('%s: without any one sync of a segment a power loss shows it', async (_, story) => {
    const { life } = await lossOf(story, 1, Infinity, () => false);
    const syncs = life.calls.slice(0, life.callsOfStory).filter((call) => call.kind === 'segment');
    for (const { number } of syncs) expect([number, await isMissed(story, (call) => call.kind === 'segment' && call.number === number)]).toEqual([number, true]);
  });
});
