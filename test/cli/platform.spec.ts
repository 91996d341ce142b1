import fs from 'node:fs/promises';
import { type ServerProcess, startQuorate } from '../support/server-process';
import { type CliOptions, type CliResult, runCli, RunningCli } from './cli.testing';

describe('the platform on the command line', () => {
  let server: ServerProcess;
  const cli = (args: readonly string[], options: CliOptions = {}): Promise<CliResult> => runCli([...args, `--endpoints=${server.endpoint}`], options);
  const json = async (args: readonly string[]): Promise<unknown> => JSON.parse((await cli([...args, '-o', 'json'])).stdout);

  beforeAll(async () => { server = await startQuorate(); }, 60_000);
  afterAll(async () => {
    await server.end('SIGTERM');
    await fs.rm(server.dataDir, { recursive: true, force: true });
  });

  it('registers, lists and deregisters instances', async () => {
    const register = ['service', 'register', 'pay', 'p1', '--address=10.0.0.1', '--port=80', '--ttl=60', '--meta', 'a=1', 'b=x=y', '--tag', 'blue'];
    const instance = await json(register) as { readonly leaseId: string };
    expect(instance).toMatchObject({ service: 'pay', id: 'p1', port: 80, ttlSeconds: 60, metadata: { a: '1', b: 'x=y' }, tags: ['blue'] });
    expect((await cli(['service', 'list'])).stdout).toBe('pay, 1\n');
    expect((await cli(['service', 'list', 'pay'])).stdout).toMatch(/^p1, 10\.0\.0\.1:80, passing, /);
    expect(await cli(['service', 'deregister', 'pay', 'p1', '--lease-id=5'])).toMatchObject({ code: 1, stderr: 'Error: another registration took this id over (instance_replaced)\n' });
    expect((await cli(['service', 'deregister', 'pay', 'p1', `--lease-id=${instance.leaseId}`])).stdout).toBe('deregistered pay/p1\n');
    expect(await json(['service', 'list', 'pay'])).toMatchObject({ items: [] });
    expect(await cli([...register, '--namespace=none'])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('(namespace_unknown') as unknown });
  });

  it('keeps an instance for as long as it runs', async () => {
    const keeping = new RunningCli(['service', 'register', 'kept', 'k', '--address=10.0.0.2', '--port=81', '--ttl=60', '--keep', `--endpoints=${server.endpoint}`]);
    await keeping.printed('k, 10.0.0.2:81');
    expect(await json(['service', 'list', 'kept'])).toMatchObject({ items: [{ id: 'k' }] });
    keeping.interrupt();
    expect(await keeping.finished()).toMatchObject({ code: 0, stderr: '' });
    expect(await json(['service', 'list', 'kept'])).toMatchObject({ items: [] });
  });

  it('publishes, reads and follows a configuration', async () => {
    const watching = new RunningCli(['config', 'watch', 'app', 'db.yaml', `--endpoints=${server.endpoint}`]);
    expect((await cli(['config', 'publish', 'app', 'db.yaml'], { input: 'a: 1\n' })).stdout).toBe('published version 1\n');
    await watching.printed('a: 1\n');
    expect((await cli(['config', 'publish', 'app', 'db.yaml', '-', '--comment=more'], { input: 'a: 2\n' })).stdout).toBe('published version 2\n');
    await watching.printed('a: 2\n');
    watching.interrupt();
    expect(await watching.finished()).toEqual({ code: 0, stdout: 'a: 1\na: 2\n', stderr: '' });
    expect((await cli(['config', 'get', 'app', 'db.yaml'])).stdout).toBe('a: 2\n');
    expect(await json(['config', 'get', 'app', 'db.yaml'])).toMatchObject({ version: 2, format: 'yaml', comment: 'more' });
    expect((await cli(['config', 'history', 'app', 'db.yaml'])).stdout.split('\n').map((line) => line.split(', ').slice(0, 2).join(' '))).toEqual(['2 published', '1 published', '']);
    expect(await cli(['config', 'get', 'app', 'none'])).toEqual({ code: 1, stdout: '', stderr: 'Error: there is no such configuration (config_unknown)\n' });
    expect(await cli(['config', 'publish', 'app', 'db.yaml', '--expected-version=1'], { input: 'a: 3\n' })).toMatchObject({ code: 1 });
    expect(await cli(['config', 'publish', 'app', 'x', '/no/such/file'])).toMatchObject({ code: 6 });
  });
});
