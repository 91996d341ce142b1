import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { HouseCheckout } from '../support/house-checkout';

const checkout = new HouseCheckout(['scripts', 'package-lock.json']);
afterAll(() => checkout.remove());

/** Evaluates a module in the checkout; what it prints as JSON is the answer. */
async function evaluate(code: string): Promise<unknown> {
  const { stdout, stderr } = await checkout.run(process.execPath, ['--input-type=module', '-e', code]);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('npm start', () => {
  const expand = (args: string[], env: Record<string, string> = {}): Promise<unknown> =>
    evaluate(`import { startFlags } from './scripts/set-up/start-flags.mjs';
      let answer;
      try { answer = startFlags(${JSON.stringify(args)}, ${JSON.stringify(env)}).flags; } catch (error) { answer = error.message; }
      console.log(JSON.stringify(answer));`);
  const defaults = ['--data-dir=default.quorate', '--auto-compaction-mode=revision', '--auto-compaction-retention=10000'];
  const moved = [
    '--listen-client-urls=http://localhost:12379',
    '--advertise-client-urls=http://localhost:12379',
    '--listen-peer-urls=http://localhost:12380',
    '--initial-advertise-peer-urls=http://localhost:12380',
  ];

  it.each([
    ['no arguments', [], defaults],
    ['--port', ['--port', '12379'], [...moved, '--initial-cluster=default=http://localhost:12380', ...defaults]],
    ['--port=', ['--port=12379', '--name=a'], ['--name=a', ...moved, '--initial-cluster=a=http://localhost:12380', '--data-dir=a.quorate', ...defaults.slice(1)]],
    ['a name', ['--name', 'b'], ['--name', 'b', '--data-dir=b.quorate', ...defaults.slice(1)]],
    ['a data directory', ['--data-dir', 'x'], ['--data-dir', 'x', ...defaults.slice(1)]],
    ['a retention', ['--auto-compaction-retention=0'], ['--auto-compaction-retention=0', defaults[0]]],
    ['a configuration file', ['--config-file=x.yaml'], ['--config-file=x.yaml']],
    ['--version', ['--version'], ['--version']],
  ])('expands %s', async (_what, args, flags) => expect(await expand(args)).toEqual(flags));

  it('respects the environment', async () => {
    expect(await expand([], { ETCD_DATA_DIR: '/x', ETCD_AUTO_COMPACTION_RETENTION: '1' })).toEqual([]);
  });

  it.each([
    [['--port', 'x'], /^--port takes a number from 1 to 65534, not "x"$/],
    [['--port'], /^--port takes a number/],
    [['--port=65535'], /^--port takes a number/],
    [['--port=1', '--listen-peer-urls=http://x'], /^--port and listen-peer-urls say the same thing/],
    [['--port=1', '--config-file=x'], /^--port does not go with --config-file/],
  ])('refuses %j', async (args, message) => expect(await expand(args)).toMatch(message));
});

describe('the set-up lock', () => {
  const lockFile = path.join(checkout.root, 'lock');
  // Two tasks that overlapped would print their letters mixed.
  const holder = (letter: string): string => `import { withLock } from './scripts/set-up/lock.mjs';
    import { appendFileSync } from 'node:fs';
    import { setTimeout as delay } from 'node:timers/promises';
    await withLock('lock', async () => {
      for (let i = 0; i < 5; i++) { appendFileSync('order', '${letter}'); await delay(20); }
    }, () => {});`;
  const hold = (letter: string): Promise<{ code: number | null }> => checkout.run(process.execPath, ['--input-type=module', '-e', holder(letter)]);

  it('lets one set-up run at a time', async () => {
    const runs = await Promise.all(['a', 'b', 'c'].map(hold));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(readFileSync(path.join(checkout.root, 'order'), 'utf8')).toMatch(/^(?:([abc])\1{4}){3}$/);
    expect(existsSync(lockFile)).toBe(false);
  });

  it.each([
    ['whose process is dead', { pid: 2 ** 30, host: hostname() }, 10],
    ['of another machine that nobody touched', { pid: process.pid, host: `not-${hostname()}` }, 120],
  ])('takes over a lock %s', async (_what, owner, ageSeconds) => {
    checkout.write('lock', JSON.stringify(owner));
    const then = new Date(Date.now() - ageSeconds * 1000);
    utimesSync(lockFile, then, then);
    expect((await hold('d')).code).toBe(0);
    expect(existsSync(lockFile)).toBe(false);
  });
});

describe('the lock file check', () => {
  interface LockFile {
    packages: Record<string, { version?: string; resolved?: string }>;
  }
  const check = (change: (lock: LockFile) => void): ReturnType<HouseCheckout['run']> => {
    const lock = JSON.parse(readFileSync(path.join(checkout.root, 'package-lock.json'), 'utf8')) as LockFile;
    change(lock);
    checkout.write('changed-lock.json', JSON.stringify(lock));
    return checkout.run(process.execPath, ['scripts/check-lock.mjs', 'changed-lock.json']);
  };

  it('accepts ours', async () => expect((await check(() => undefined)).code).toBe(0));

  it.each(['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu', 'linux-x64-gnu'])('misses @swc/core for %s', async (platform) => {
    const { code, stderr } = await check((lock) => delete lock.packages[`node_modules/@swc/core-${platform}`]);
    expect(code).toBe(1);
    expect(stderr).toContain(`@swc/core-${platform} is not in the lock file`);
  });

  it('sees a variant of another version', async () => {
    const { code, stderr } = await check((lock) => {
      lock.packages['node_modules/@swc/core-darwin-arm64'] = { ...lock.packages['node_modules/@swc/core-darwin-arm64'], version: '0.0.1' };
    });
    expect(code).toBe(1);
    expect(stderr).toContain('is 0.0.1, wanted');
  });

  it('refuses a package from somewhere else', async () => {
    const { code } = await check((lock) => {
      lock.packages['node_modules/ws'] = { ...lock.packages['node_modules/ws'], resolved: 'https://example.invalid/ws.tgz' };
    });
    expect(code).toBe(1);
  });
});
