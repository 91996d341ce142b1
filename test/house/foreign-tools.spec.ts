import { chmodSync } from 'node:fs';
import path from 'node:path';
import { HouseCheckout } from '../support/house-checkout';

describe('suites that need foreign tools', () => {
  const checkout = new HouseCheckout(['jest.config.js', 'scripts', 'test/support/foreign-tools.ts']);
  const tools = path.join(checkout.root, 'tools');
  const jest = (env: Record<string, string | undefined>): ReturnType<HouseCheckout['run']> =>
    checkout.run(process.execPath, [path.join(checkout.root, 'node_modules/jest/bin/jest.js'), '--ci'], { PATH: tools, QUORATE_TEST_REQUIRE: undefined, ...env });

  beforeAll(() => {
    checkout.linkPackages();
    checkout.write('tools/note', '');
    checkout.write(
      'test/sample.spec.ts',
      `import { describeWith, requireTool } from './support/foreign-tools';
       describeWith(['etcd', 'etcdctl'], 'against a real etcd', () => {
         const etcd = requireTool('etcd');
         it('runs', () => expect(etcd).toMatch(/tools.etcd$/));
       });
       it('needs nothing', () => expect(() => requireTool('chromium')).toThrow(/^needs chromium: /));`,
    );
  });
  afterAll(() => checkout.remove());

  it('are skipped by name, with the command that installs the tool', async () => {
    const { code, stderr } = await jest({});
    expect(code).toBe(0);
    expect(stderr).toMatch(/Tests: +1 skipped, 1 passed, 2 total/);
    const install = process.platform === 'darwin' ? 'brew install etcd' : 'sudo apt-get install -y etcd-server etcd-client';
    expect(stderr).toContain(`Not run (1):\n  test/sample.spec.ts: against a real etcd › needs etcd, etcdctl: ${install}\n`);
  });

  it('fail where everything is required', async () => {
    const { code, stderr } = await jest({ QUORATE_TEST_REQUIRE: 'all' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Tests: +1 failed, 1 passed, 2 total/);
  });

  it('run where the tools are', async () => {
    for (const tool of ['etcd', 'etcdctl']) chmodSync(checkout.write(`tools/${tool}`, '#!/bin/sh\n'), 0o755);
    const { code, stderr } = await jest({ QUORATE_TEST_REQUIRE: 'all' });
    expect(stderr).toMatch(/Tests: +2 passed, 2 total/);
    expect(code).toBe(0);
  });
});
