import { type Remains, SimMember } from './sim-member.testing';

const SEGMENT = '0000000000000001.wal';
const value = (text: string): Buffer => Buffer.from(text);

/** A member that was killed while its last write waited for the sync: it was never acknowledged. */
async function killedWhileSyncing(text: string): Promise<{ remains: Remains; before: number; end: number }> {
  let delayMs = 0;
  const member = await SimMember.start({ seed: 5, segmentBytes: 32 * 1024, diskDelayMs: () => delayMs });
  for (let at = 0; at < 5; at++) await member.until(member.kv.put({ key: `k${at}`, value: value('acknowledged') }));
  await member.clock.advance(1000);
  const before = usedBytes(member.disk.contents(SEGMENT));
  delayMs = 1_000_000;
  member.kv.put({ key: 'last', value: value(text) }).catch(() => undefined);
  await member.clock.advance(50);
  const remains = member.kill();
  return { remains, before, end: usedBytes(remains.disk.contents(SEGMENT)) };
}

/** Where the padding of the last record ends, which is never zero. */
function usedBytes(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

const start = (disk: Remains['disk'], backend: Remains['backend']): Promise<SimMember> => (
  SimMember.start({ seed: 6, segmentBytes: 32 * 1024, diskDelayMs: () => 0, remains: { disk, backend } })
);

async function expectAcknowledged(member: SimMember): Promise<boolean> {
  const { kvs } = await member.until(member.kv.range({ key: '\0', rangeEnd: '\0' }));
  expect(kvs.slice(0, 5).map(({ key, value: of }) => `${key} ${of.toString()}`)).toEqual([0, 1, 2, 3, 4].map((at) => `k${at} acknowledged`));
  // And it takes writes, which outlive the next loss of power.
  await member.until(member.kv.put({ key: 'next', value: value('1') }));
  const later = await member.restart(member.powerLoss(0));
  expect((await later.until(later.kv.range({ key: 'next' }))).count).toBe(1);
  return kvs.length > 5;
}

describe('a log that ends within its last record', () => {
  it('starts wherever the file was cut off, and loses only what was never acknowledged', async () => {
    const { remains, before, end } = await killedWhileSyncing('in doubt');
    expect(end - before).toBeGreaterThan(40);
    for (let at = before; at <= end; at++) {
      const disk = remains.disk.kill();
      disk.cut(SEGMENT, at);
      expect(await expectAcknowledged(await start(disk, remains.backend.reopen()))).toBe(at === end);
    }
  });

  it('starts whichever sectors of it were not written', async () => {
    const sector = 512;
    const { remains, before, end } = await killedWhileSyncing('x'.repeat(4 * sector));
    const first = Math.ceil(before / sector);
    const last = Math.floor(end / sector);
    for (let missing = first; missing <= last; missing++) {
      const disk = remains.disk.kill();
      const from = missing * sector;
      disk.damage(SEGMENT, from, Buffer.alloc(Math.min(sector, end - from)));
      expect(await expectAcknowledged(await start(disk, remains.backend.reopen()))).toBe(false);
    }
  });
});

describe('a log that was changed elsewhere', () => {
  it('keeps the member from starting, and names file and offset', async () => {
    const { remains, before } = await killedWhileSyncing('in doubt');
    const bytes = remains.disk.contents(SEGMENT);
    for (let at = 100; at < before; at += 7) {
      const disk = remains.disk.kill();
      disk.damage(SEGMENT, at, Buffer.from([bytes[at]! ^ 0x10]));
      await expect(start(disk, remains.backend.reopen())).rejects.toThrow(new RegExp(`${SEGMENT}.*offset \\d+`));
      expect(disk.contents(SEGMENT).subarray(0, at)).toEqual(bytes.subarray(0, at));
    }
  });
});
