import type { Change, ConfigItem, ConfigKey, Instance, InstanceKey, KvItem, KvKey, PlatformError } from '@quorate/api';
import { SystemClock } from '@quorate/runtime';
import {
  ConfigTree, configScope, follow, type FollowBatch, kvScope, registryScope, type Scope, snapshotOf, waitForChange, waitForRevision, Writer,
} from '@quorate/recipes';
import { RestartableMember } from './member.testing';

/** Reads a follower batch by batch and lets it go in the end. */
class Follower<K, V> {
  private readonly controller = new AbortController();
  private readonly frames: AsyncGenerator<FollowBatch<K, V>, void, undefined>;

  constructor(member: RestartableMember, scope: Scope<K, V>, afterRevision?: number) {
    this.frames = follow(member.kv, scope, { signal: this.controller.signal, ...(afterRevision !== undefined && { afterRevision }) });
  }

  async next(): Promise<FollowBatch<K, V>> {
    const { value, done } = await this.frames.next();
    if (done) throw new Error('the follower has ended');
    return value;
  }

  /** The next `count` changes, and that their revisions rise. */
  async changes(count: number): Promise<Change<K, V>[]> {
    const changes: Change<K, V>[] = [];
    let last = 0;
    while (changes.length < count) {
      const frame = await this.next();
      if (frame.type !== 'changes') throw new Error(`a ${frame.type} between changes`);
      expect(frame.revision).toBeGreaterThan(last);
      last = frame.revision;
      changes.push(...frame.changes);
    }
    return changes;
  }

  async end(): Promise<void> {
    this.controller.abort();
    await this.frames.return();
  }
}

describe('followers', () => {
  let member: RestartableMember;
  let configs: ConfigTree;
  const clock = new SystemClock();
  beforeAll(async () => {
    member = await RestartableMember.start();
    configs = new ConfigTree(new Writer(member.kv, clock), clock);
  });
  afterAll(() => member.stop());

  const publish = (group: string, key: string, content: string): Promise<{ revision: string }> =>
    configs.publish({ namespace: 'default', group, key }, { content, format: 'text', publishedBy: 'test' });
  const put = async (key: string, value: string): Promise<number> => (await member.kv.put({ key, value: Buffer.from(value) })).header.revision;
  const contents = (changes: readonly Change<ConfigKey, ConfigItem>[]): string[] => changes.map((change) => (change.op === 'put' ? change.value.content : `-${change.key.key}`));

  it('begin with a snapshot and go on with every change in order', async () => {
    await publish('order', 'a', '1');
    const follower = new Follower(member, configScope({ namespace: 'default', group: 'order', key: '*' }));
    expect(await follower.next()).toMatchObject({ type: 'snapshot', items: [{ key: 'a', content: '1', version: 1 }], skipped: 0 });
    for (let at = 2; at <= 30; at++) await publish('order', at % 2 ? 'a' : 'b', String(at));
    await configs.delete({ namespace: 'default', group: 'order', key: 'a' }, { publishedBy: 'test' });
    const changes = await follower.changes(30);
    expect(contents(changes)).toEqual([...Array.from({ length: 29 }, (_, at) => String(at + 2)), '-a']);
    await follower.end();
  });

  it('resume exactly after a revision', async () => {
    const { revision } = await publish('resume', 'k', '0');
    for (let at = 1; at <= 10; at++) await publish('resume', 'k', String(at));
    const follower = new Follower(member, configScope({ namespace: 'default', group: 'resume', key: 'k' }), Number(revision));
    expect(contents(await follower.changes(10))).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
    await publish('resume', 'k', '11');
    expect(contents(await follower.changes(1))).toEqual(['11']);
    await follower.end();
  });

  it('are reset where history is gone, and where it never was', async () => {
    const { revision } = await publish('reset', 'k', '0');
    await publish('reset', 'k', '1');
    const { header } = await member.kv.range({ key: 'x' });
    await member.kv.compact({ revision: header.revision });
    for (const after of [Number(revision) - 1, header.revision + 100]) {
      const follower = new Follower(member, configScope({ namespace: 'default', group: 'reset', key: 'k' }), after);
      expect((await follower.next()).type).toBe('reset');
      expect(await follower.next()).toMatchObject({ type: 'snapshot', items: [{ content: '1' }] });
      await publish('reset', 'k', '1');
      expect(contents(await follower.changes(1))).toEqual(['1']);
      await follower.end();
    }
  });

  it('see in changes the same state as in a snapshot, whatever strangers write', async () => {
    const scope = registryScope({ namespace: 'default', service: 'web' });
    const follower = new Follower<InstanceKey, Instance>(member, scope);
    const state = new Map<string, Instance>();
    expect(await follower.next()).toMatchObject({ type: 'snapshot', items: [] });
    const good = JSON.stringify({ address: 'h', port: 1, weight: 1, tags: [], metadata: {}, enabled: true, ephemeral: false, registeredAt: '' });
    const base = '/quorate/registry/instances/default/web/';
    const writes: [string, string][] = [['a', good], ['b', good], ['a', 'junk'], ['c/d', good], ['c', '{"address":1}'], ['b', good]];
    for (const [id, value] of writes) await put(base + id, value);
    await put('/quorate/registry/instances/default/web2/a', good);
    for (const change of await follower.changes(5)) {
      if (change.op === 'put') state.set(change.key.id, change.value);
      else state.delete(change.key.id);
    }
    const snapshot = await snapshotOf(member.kv, scope);
    expect([...state.values()]).toEqual(snapshot.items);
    expect([snapshot.items.map(({ id }) => id), snapshot.skipped]).toEqual([['b'], 2]);
    await follower.end();
  });

  it.each([
    [{ namespace: '*', group: 'pat', key: '*' }, ['default/pat/app-1', 'default/pat/app-2', 'default/pat/web', 'other/pat/app-1']],
    [{ namespace: 'default', group: 'pat', key: 'app-*' }, ['default/pat/app-1', 'default/pat/app-2']],
    [{ namespace: 'default', group: 'pa*', key: 'app-1' }, ['default/pat/app-1', 'default/path/app-1']],
    [{ namespace: 'default', group: 'pat', key: 'web' }, ['default/pat/web']],
    [{ namespace: 'ot*', group: '*', key: '*1' }, undefined],
  ])('select by patterns: %j', async (select, expected) => {
    const value = JSON.stringify({ version: 1, type: 'published', content: '', format: 'text', md5: '', publishedAt: '', publishedBy: '' });
    for (const name of ['default/pat/app-1', 'default/pat/app-2', 'default/pat/web', 'default/path/app-1', 'other/pat/app-1', 'default/patt/web']) await put(`/quorate/config/items/${name}`, value);
    if (!expected) {
      expect(() => configScope(select)).toThrow(expect.objectContaining({ code: 'name_invalid' }) as PlatformError);
      return;
    }
    const { items } = await snapshotOf(member.kv, configScope(select));
    expect(items.map(({ namespace, group, key }) => `${namespace}/${group}/${key}`).filter((name) => name.includes('/pat'))).toEqual(expected);
  });

  it('follow raw keys of any bytes', async () => {
    const follower = new Follower<KvKey, KvItem>(member, kvScope({ prefix: 'raw/\xff' }));
    await follower.next();
    await put('raw/\xfe', 'outside');
    await put('raw/\xff\x00', 'inside');
    expect(await follower.changes(1)).toMatchObject([{ op: 'put', key: { keyEncoding: 'base64' }, value: { value: 'inside' } }]);
    await follower.end();
  });

  it('end with the signal, and leave no watch behind', async () => {
    const controller = new AbortController();
    const frames = follow(member.kv, kvScope({ key: 'ended' }), { signal: controller.signal });
    await frames.next();
    const waiting = frames.next();
    controller.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  describe('waits', () => {
    const range = { key: 'wait', rangeEnd: '' };

    it('tell a change from an ended wait', async () => {
      const revision = await put('wait', '1');
      expect(await waitForChange(member.kv, clock, range, revision - 1, 10_000)).toBe(true);
      expect(await waitForChange(member.kv, clock, range, revision, 20)).toBe(false);
      const waiting = waitForChange(member.kv, clock, range, revision, 10_000);
      await put('other', '1');
      await member.kv.deleteRange({ key: 'wait' });
      expect(await waiting).toBe(true);
    });

    it('reach a revision, or say that it was not reached', async () => {
      const revision = await put('wait', '2');
      await waitForRevision(member.kv, clock, revision, 10_000);
      const next = waitForRevision(member.kv, clock, revision + 1, 10_000);
      await put('anything', '1');
      await next;
      await expect(waitForRevision(member.kv, clock, revision + 100, 20)).rejects.toMatchObject({ code: 'revision_not_reached' });
    });
  });
});
