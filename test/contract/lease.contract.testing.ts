import type { KvApi } from '@quorate/api';
import { everything, names, nextEvents, scopeOf } from './contract-scope.testing';

const refused = (code: string): unknown => expect.objectContaining({ name: 'ApiError', code });

export function leaseContract(kv: () => KvApi): void {
  describe('leases', () => {
    it('are granted with an id of the server\'s or of one\'s own, and at least the shortest TTL', async () => {
      const picked = await kv().leaseGrant({ ttlSeconds: 600 });
      expect(picked.id).toBeGreaterThan(0n);
      expect(picked.ttlSeconds).toBe(600);
      const own = await kv().leaseGrant({ ttlSeconds: 1, id: -77n });
      expect(own.id).toBe(-77n);
      expect(own.ttlSeconds).toBeGreaterThan(1);
      await expect(kv().leaseGrant({ ttlSeconds: 600, id: picked.id })).rejects.toEqual(refused('lease_exists'));
      await expect(kv().leaseGrant({ ttlSeconds: 9_000_000_001 })).rejects.toEqual(refused('lease_ttl_too_large'));
      const { ids } = await kv().leaseLeases();
      expect(ids).toEqual(expect.arrayContaining([picked.id, own.id]));
      expect(ids.indexOf(own.id)).toBeLessThan(ids.indexOf(picked.id));
      await kv().leaseRevoke(picked.id);
      await kv().leaseRevoke(own.id);
      expect((await kv().leaseLeases()).ids).not.toContain(picked.id);
    });

    it('keep a revision as it is when granted, renewed and revoked without keys', async () => {
      const scope = scopeOf(kv());
      const before = await scope.put('k');
      const { id, header } = await kv().leaseGrant({ ttlSeconds: 600 });
      expect(header.revision).toBe(before);
      await kv().leaseKeepAlive(id);
      expect((await kv().leaseRevoke(id)).header.revision).toBe(before);
    });

    it('are renewed to their full TTL; an unknown one is told by a TTL of 0', async () => {
      const { id } = await kv().leaseGrant({ ttlSeconds: 100 });
      expect(await kv().leaseKeepAlive(id)).toMatchObject({ id, ttlSeconds: 100 });
      const many = await Promise.all([id, 99_999n, id].map((one) => kv().leaseKeepAlive(one)));
      expect(many.map((response) => [response.id, response.ttlSeconds])).toEqual([[id, 100], [99_999n, 0], [id, 100]]);
      await kv().leaseRevoke(id);
      expect(await kv().leaseKeepAlive(id)).toMatchObject({ id, ttlSeconds: 0 });
    });

    it('tell what is left of them and what hangs on them', async () => {
      const scope = scopeOf(kv());
      const { id } = await kv().leaseGrant({ ttlSeconds: 100 });
      await scope.put('b', '', id);
      await scope.put('a', '', id);
      const response = await kv().leaseTimeToLive({ id, keys: true });
      expect(response).toMatchObject({ id, grantedTtlSeconds: 100 });
      expect(response.ttlSeconds).toBeGreaterThan(90);
      expect(response.ttlSeconds).toBeLessThanOrEqual(100);
      expect([...response.keys].sort()).toEqual([scope.key('a'), scope.key('b')]);
      expect((await kv().leaseTimeToLive({ id })).keys).toEqual([]);
      expect(await kv().leaseTimeToLive({ id: 31337n })).toMatchObject({ id: 31337n, ttlSeconds: -1, keys: [] });
      await kv().leaseRevoke(id);
    });

    it('take all their keys with them in one revision, but not those that were moved away', async () => {
      const scope = scopeOf(kv());
      const { id } = await kv().leaseGrant({ ttlSeconds: 600 });
      const other = await kv().leaseGrant({ ttlSeconds: 600 });
      for (const name of ['c', 'a', 'b', 'free', 'moved']) await scope.put(name, '', id);
      await scope.put('free', '');
      const before = await scope.put('moved', '', other.id);
      expect((await kv().leaseRevoke(id)).header.revision).toBe(before + 1);
      expect(names(scope, await scope.all())).toEqual(['free', 'moved']);
      await expect(kv().leaseRevoke(id)).rejects.toEqual(refused('lease_unknown'));
      await kv().leaseRevoke(other.id);
      expect(names(scope, await scope.all())).toEqual(['free']);
    });

    it('expire by themselves, and their keys are seen to go', async () => {
      const scope = scopeOf(kv());
      const { id, ttlSeconds } = await kv().leaseGrant({ ttlSeconds: 1 });
      const started = performance.now();
      await scope.put('a', '', id);
      await scope.put('b', '', id);
      const watch = await kv().watch({ ...everything(scope), filters: [0] });
      const { events } = await nextEvents(watch);
      expect(events.map(({ type, kv: { key } }) => [type, key])).toEqual([[1, scope.key('a')], [1, scope.key('b')]]);
      expect(performance.now() - started).toBeGreaterThan(ttlSeconds * 1000 - 100);
      expect(await kv().leaseKeepAlive(id)).toMatchObject({ ttlSeconds: 0 });
      expect(await kv().leaseTimeToLive({ id })).toMatchObject({ ttlSeconds: -1 });
      watch.close();
    });
  });
}
