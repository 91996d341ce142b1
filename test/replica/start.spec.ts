import { outcomeOf, SimMember } from './sim-member.testing';

const value = Buffer.from('value');

describe('a member over a simulated disk', () => {
  it('serves, stops, and comes back with what it had', async () => {
    const first = await SimMember.start({ seed: 1 });
    const put = await first.until(first.kv.put({ key: 'a', value }));
    expect(put.header.revision).toBe(2);
    await first.stop();
    expect(first.failures).toEqual([]);
    const second = await first.restart({ disk: first.disk, backend: first.backend.reopen() });
    const range = await second.until(second.kv.range({ key: 'a' }));
    expect(range.kvs.map((kv) => kv.value.toString())).toEqual(['value']);
    expect(range.header).toMatchObject({ revision: 2, raftTerm: 2 });
    await second.stop();
    expect(await outcomeOf(second.kv.put({ key: 'a', value }))).toBe('stopped');
  });
});
