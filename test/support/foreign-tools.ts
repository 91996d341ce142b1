import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Programs that some suites drive and that `npm ci` does not bring. A suite that needs one is declared with
 * {@link describeWith}: without the program it is reported as skipped, by name and with the command that installs it.
 * `QUORATE_TEST_REQUIRE=all` turns every such skip into a failure.
 */
interface ForeignTool {
  /** Names it goes by on the PATH, best first. */
  readonly commands: readonly string[];
  readonly debianPackage: string;
  readonly brewPackage: string;
}

const foreignTools = {
  etcd: { commands: ['etcd'], debianPackage: 'etcd-server', brewPackage: 'etcd' },
  etcdctl: { commands: ['etcdctl'], debianPackage: 'etcd-client', brewPackage: 'etcd' },
  chromium: {
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    debianPackage: 'chromium',
    brewPackage: '--cask chromium',
  },
  curl: { commands: ['curl'], debianPackage: 'curl', brewPackage: 'curl' },
  openssl: { commands: ['openssl'], debianPackage: 'openssl', brewPackage: 'openssl' },
  strace: { commands: ['strace'], debianPackage: 'strace', brewPackage: 'strace' },
} as const satisfies Record<string, ForeignTool>;

export type ForeignToolName = keyof typeof foreignTools;

/** Path of the program on the PATH, or undefined. */
export function findTool(name: ForeignToolName): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  for (const command of foreignTools[name].commands) {
    const found = folders.map((folder) => path.join(folder, command)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Path of the program; throws, with the command that installs it, when it is not on the PATH. */
export function requireTool(name: ForeignToolName): string {
  const found = findTool(name);
  if (found === undefined) throw new Error(describeMissing([name]));
  return found;
}

/** Like `describe`, for a suite that needs all of `tools`. */
export function describeWith(tools: readonly ForeignToolName[], name: string, suite: () => void): void {
  const missing = tools.filter((tool) => findTool(tool) === undefined);
  if (missing.length === 0) {
    describe(name, suite);
    return;
  }
  const reason = describeMissing(missing);
  describe(name, () => {
    if (process.env['QUORATE_TEST_REQUIRE'] === 'all') {
      it(reason, () => {
        throw new Error(`${reason} (QUORATE_TEST_REQUIRE=all allows no skip)`);
      });
    } else {
      it.skip(reason, () => undefined);
    }
  });
}

function describeMissing(missing: readonly ForeignToolName[]): string {
  const onMac = process.platform === 'darwin';
  const packages = new Set(missing.map((name) => foreignTools[name][onMac ? 'brewPackage' : 'debianPackage']));
  const install = onMac ? 'brew install' : 'sudo apt-get install -y';
  return `needs ${missing.join(', ')}: ${install} ${[...packages].join(' ')}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
