import { SimMember, type Remains } from './sim-member.testing';

const value = (text: string): Buffer => Buffer.from(text);
const config = { batchIntervalMs: 10, snapshotCount: 1000 };

/** A fixed piece of life of a member; the store takes only its first `commits` batches. */
async function live(commits: number): Promise<{ member: SimMember; batches: number; state: string }> {
  const member = await SimMember.start({ seed: 11, config });
  const { kv, clock, backend } = member;
  backend.holdCommits();
  let batches = 0;
  const settle = async (): Promise<void> => {
    await clock.advance(20);
    if (batches < commits) batches += backend.releaseCommits(1);
    await clock.advance(20);
  };
  await member.until(kv.leaseGrant({ id: 5n, ttlSeconds: 600 }));
  for (let step = 0; step < 12; step++) {
    await member.until(kv.put({ key: `k${step % 4}`, value: value(`v${step}`), lease: step % 3 === 0 ? 5n : 0n }));
    if (step === 5) await member.until(kv.deleteRange({ key: 'k0', rangeEnd: 'k2' }));
    if (step === 8) await member.until(kv.compact({ revision: 6 }));
    if (step === 9) await member.until(kv.leaseGrant({ id: 6n, ttlSeconds: 600 }));
    if (step === 10) await member.until(kv.leaseRevoke(5n));
    await settle();
  }
  return { member, batches, state: await stateOf(member) };
}

async function stateOf(member: SimMember): Promise<string> {
  const { kvs, header } = await member.until(member.kv.range({ key: '\0', rangeEnd: '\0' }));
  const { ids } = await member.until(member.kv.leaseLeases());
  const keys = kvs.map(({ key, value: of, modRevision, version, lease }) => `${key}=${of.toString()} mod ${modRevision} version ${version} lease ${lease}`);
  const compacted = member.replica.readings().compactedRevision;
  return [`revision ${header.revision}, compacted ${compacted}, leases ${[...ids].sort().join()}`, ...keys].join('\n');
}

const startOf = (remains: Remains): Promise<SimMember> => SimMember.start({ seed: 99, config, remains });

test('a store that stopped anywhere and the log beside it make the same state', async () => {
  const whole = await live(100);
  expect(whole.batches).toBeGreaterThan(8);
  for (let commits = 0; commits <= whole.batches; commits++) {
    const { member, state } = await live(commits);
    expect(state).toBe(whole.state);
    const killed = member.kill();
    const next = await startOf(killed);
    expect(await stateOf(next)).toBe(state);
    // And once more, from what the second life stored of it.
    await next.clock.advance(100);
    expect(await stateOf(await startOf(next.powerLoss(0)))).toBe(state);
  }
});

describe('a store and a log that do not belong together', () => {
  /** Two points of one member's life, as a backup would hold them. */
  async function twoPoints(between: Partial<typeof config> = {}): Promise<{ early: Remains; late: Remains }> {
    const first = await SimMember.start({ seed: 21, config: { ...config, ...between, snapshotCatchUpEntries: 0 } });
    for (let at = 0; at < 10; at++) await first.until(first.kv.put({ key: `k${at}`, value: value('1') }));
    await first.stop();
    const early = first.kill();
    const second = await first.restart({ disk: early.disk.kill(), backend: early.backend.reopen() });
    for (let at = 0; at < 30; at++) await second.until(second.kv.put({ key: `l${at}`, value: value('2') }));
    await second.stop();
    return { early, late: second.kill() };
  }

  it('are refused where the store is ahead of the log', async () => {
    const { early, late } = await twoPoints();
    await expect(startOf({ disk: early.disk.kill(), backend: late.backend.reopen() })).rejects.toThrow(/the log is older than the store/);
  });

  it('are refused where the store is older than the beginning of the log', async () => {
    const { early, late } = await twoPoints({ snapshotCount: 5 });
    await expect(startOf({ disk: late.disk.kill(), backend: early.backend.reopen() })).rejects.toThrow(/the store is older than the log/);
  });

  it('are refused where the store is new and the log is not', async () => {
    const { early, late } = await twoPoints({ snapshotCount: 5 });
    const { SimBackend } = await import('@quorate/sim');
    await expect(startOf({ disk: late.disk.kill(), backend: new SimBackend() })).rejects.toThrow(/the store is older than the log/);
    await startOf({ disk: early.disk.kill(), backend: early.backend.reopen() });
  });

  it('are refused where the entries of one index are of different terms', async () => {
    const { early, late } = await twoPoints();
    let other = await startOf({ disk: early.disk.kill(), backend: early.backend.reopen() });
    for (let lives = 0; lives < 3; lives++) other = await other.restart(other.kill(), 30 + lives);
    for (let at = 0; at < 40; at++) await other.until(other.kv.put({ key: `m${at}`, value: value('3') }));
    await expect(startOf({ disk: other.kill().disk, backend: late.backend.reopen() })).rejects.toThrow(/different histories/);
  });
});
