import { ETCD_API_VERSION, QUORATE_VERSION, versionText } from './version';

it('prints etcd’s version first, in four lines like etcd’s', () => {
  expect(ETCD_API_VERSION).toMatch(/^3\.6\.[0-9]+$/);
  expect(versionText().split('\n')).toEqual([
    `etcd Version: ${ETCD_API_VERSION}`,
    expect.stringMatching(/^Quorate Version: [0-9]+\.[0-9]+\.[0-9]+/),
    `Node Version: ${process.version}`,
    expect.stringMatching(/^Node OS\/Arch: [a-z0-9]+\/[a-z0-9]+$/),
  ]);
  expect(QUORATE_VERSION).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+/);
});
