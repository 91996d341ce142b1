import { SystemClock } from '@quorate/runtime';
import { ConfigTree, RawKv, Registry, Writer } from '@quorate/recipes';
import { RestartableMember } from './member.testing';

describe('repeats of a call', () => {
  let member: RestartableMember;
  beforeEach(async () => { member = await RestartableMember.start(); });
  afterEach(() => member.stop());

  const clock = new SystemClock();
  const writer = (): Writer => new Writer(member.kv, clock);
  const claim = { idempotency: { key: 'k', fingerprint: 'f' } };

  it('get the first answer after a restart, from other objects', async () => {
    const key = { namespace: 'default', group: 'g', key: 'k' };
    const request = { content: 'x', format: 'text' as const, publishedBy: 'test' };
    const first = await new ConfigTree(writer(), clock).publish(key, request, claim);
    await member.restart();
    const configs = new ConfigTree(writer(), clock);
    expect(await configs.publish(key, request, claim)).toEqual(first);
    expect((await configs.history(key)).items).toHaveLength(1);
    await expect(configs.publish(key, request, { idempotency: { key: 'k', fingerprint: 'other' } })).rejects.toMatchObject({ code: 'idempotency_conflict' });
  });

  it('are told where the first answer was lost between the change and its note', async () => {
    const first = writer();
    first.note = async () => undefined;
    await new RawKv(first).put({ key: 'a', value: Buffer.from('1'), lease: 0n }, 'utf8', claim);
    await expect(new RawKv(writer()).put({ key: 'a', value: Buffer.from('1'), lease: 0n }, 'utf8', claim))
      .rejects.toMatchObject({ code: 'idempotency_incomplete', message: expect.stringContaining('revision 2') as string });
    expect((await member.kv.range({ key: 'a' })).kvs[0]?.version).toBe(1);
  });

  it('wait for the first call to note its answer', async () => {
    const first = writer();
    let applied = (): void => undefined;
    let goOn = (): void => undefined;
    const wasApplied = new Promise<void>((resolve) => { applied = resolve; });
    const mayGoOn = new Promise<void>((resolve) => { goOn = resolve; });
    const note = first.note.bind(first);
    first.note = async (...args) => {
      applied();
      await mayGoOn;
      await note(...args);
    };
    const request = { key: 'a', value: Buffer.from('1'), lease: 0n };
    const answer = new RawKv(first).put(request, 'utf8', claim);
    await wasApplied;
    const repeat = new RawKv(writer()).put(request, 'utf8', claim);
    goOn();
    expect(await repeat).toEqual(await answer);
  });

  it('leave no lease of a second registration behind', async () => {
    const request = { address: 'h', port: 1, weight: 1, tags: [], metadata: {}, enabled: true, ephemeral: true };
    const key = { namespace: 'default', service: 's', id: 'i' };
    const answers = await Promise.all(Array.from({ length: 6 }, () => new Registry(writer(), clock).register(key, request, claim)));
    expect(new Set(answers.map(({ leaseId }) => leaseId)).size).toBe(1);
    const { ids } = await member.kv.leaseLeases();
    const used = new Set<bigint>();
    for (const { lease } of (await member.kv.range({ key: '\0', rangeEnd: '\0' })).kvs) used.add(lease);
    // Each writer grants one lease for its records; those that lost the race carry nothing.
    expect(ids.map(String)).toContain(answers[0]?.leaseId);
    const ttls = await Promise.all(ids.filter((id) => !used.has(id)).map((id) => member.kv.leaseTimeToLive({ id })));
    expect(ttls.map(({ grantedTtlSeconds }) => grantedTtlSeconds).filter((ttl) => ttl !== 3600)).toEqual([]);
  });
});
