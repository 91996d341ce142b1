import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { HouseCheckout } from '../support/house-checkout';

interface Started {
  readonly app: 'server' | 'cli';
  readonly args: string[];
  readonly nodeArgs: string[];
  readonly threads: string | undefined;
  readonly pid: number;
}

/** Stands in for the compiled apps: says how it was started. */
const report = (app: string): string => `process.stdout.write(JSON.stringify({
  app: '${app}', args: process.argv.slice(2), nodeArgs: process.execArgv, threads: process.env.UV_THREADPOOL_SIZE, pid: process.pid,
}));`;

describe('bin/quorate', () => {
  const checkout = new HouseCheckout(['bin', 'scripts/check-node.cjs'], 'with a space');
  const launcher = path.join(checkout.root, 'bin', 'quorate');
  const start = async (command: string, args: string[], env: Record<string, string | undefined> = {}): Promise<Started> => {
    const { code, stdout, stderr } = await checkout.run(command, args, { NODE_OPTIONS: undefined, UV_THREADPOOL_SIZE: undefined, ...env });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return JSON.parse(stdout) as Started;
  };
  const link = (name: string, target: string): string => {
    const file = path.join(checkout.root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    symlinkSync(target, file);
    return file;
  };

  afterAll(() => checkout.remove());

  it('says how to build before there is a build', async () => {
    const { code, stderr } = await checkout.run(launcher, ['serve']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^quorate: not built yet; run: npm run build .*\n$/);
  });

  describe('with a build', () => {
    beforeAll(() => {
      for (const app of ['server', 'cli']) checkout.write(`dist/apps/${app}/src/main.js`, report(app));
    });

    it.each([
      [['serve', '--name', 'a b'], 'server', ['--name', 'a b']],
      [['--name', 'get'], 'server', ['--name', 'get']],
      [['--version'], 'server', ['--version']],
      [[], 'server', []],
      [['get', '--prefix', ''], 'cli', ['get', '--prefix', '']],
      [['--endpoints', 'x:1', 'get', 'k'], 'cli', ['--endpoints', 'x:1', 'get', 'k']],
      [['--output=json', 'member', 'list'], 'cli', ['--output=json', 'member', 'list']],
    ] as const)('%j is for the %s', async (args, app, passed) => {
      expect(await start(launcher, [...args])).toMatchObject({ app, args: passed });
    });

    it('means serve under the name etcd, through a chain of links', async () => {
      link('links/near', '../bin/quorate');
      link('links/far/etcd', '../near');
      expect(await start(path.join(checkout.root, 'links/far/etcd'), ['--name', 'x'])).toMatchObject({ app: 'server', args: ['--name', 'x'] });
      const onPath = `${path.join(checkout.root, 'links/far')}${path.delimiter}${process.env['PATH']}`;
      expect(await start('etcd', ['gateway'], { PATH: onPath })).toMatchObject({ app: 'server', args: ['gateway'] });
      expect(await start('./links/near', ['get'])).toMatchObject({ app: 'cli' });
    });

    it('gives the server its threads and heap, sized below the memory of the machine', async () => {
      const { nodeArgs, threads } = await start(launcher, ['serve']);
      expect(threads).toBe('16');
      expect(nodeArgs.join(' ')).toMatch(/--max-semi-space-size=\d+/);
      if (process.platform === 'linux') {
        const totalMib = Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) / 1024;
        const heapMib = Number(/--max-old-space-size=(\d+)/.exec(nodeArgs.join(' '))?.[1]);
        expect(heapMib).toBeGreaterThanOrEqual(64);
        expect(heapMib).toBeLessThan(totalMib);
      }
    });

    it('leaves sizes in NODE_OPTIONS alone', async () => {
      const { nodeArgs } = await start(launcher, ['serve'], { NODE_OPTIONS: '--max-old-space-size=512' });
      expect(nodeArgs.join(' ')).not.toMatch(/max-old-space-size/);
    });

    it('is one process', async () => {
      const { stdout } = await checkout.run('sh', ['-c', 'printf "%s " $$; exec bin/quorate serve']);
      const shell = Number(stdout.split(' ', 1)[0]);
      expect((JSON.parse(stdout.slice(stdout.indexOf('{'))) as Started).pid).toBe(shell);
    });
  });

  it('refuses an old Node in one line', async () => {
    // The check reads the version from process.versions, which a preloaded module can set.
    const age = checkout.write('age.cjs', "Object.defineProperty(process.versions, 'node', { value: process.env.PRETEND });");
    const check = path.join(checkout.root, 'scripts', 'check-node.cjs');
    for (const version of ['12.22.0', '18.20.0', '20.18.9', '21.9.0', '22.11.0', '23.11.0']) {
      const { code, stderr } = await checkout.run(process.execPath, ['-r', age, '-r', check, '-e', '0'], { PRETEND: version });
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^quorate: Node\.js \S+ is not supported; .*\n$/) });
    }
    for (const version of ['20.19.0', '22.12.0', '24.0.0', '25.1.0']) {
      const { code } = await checkout.run(process.execPath, ['-r', age, '-r', check, '-e', '0'], { PRETEND: version });
      expect({ version, code }).toEqual({ version, code: 0 });
    }
  });
});
