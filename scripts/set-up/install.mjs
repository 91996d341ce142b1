// Packages and the one native module (sqlite3).
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run, runNode, runNpm, say, SetUpError } from './process.mjs';

const stampFile = path.join(root, 'node_modules', '.quorate-setup');

const openInMemory = `
  const { Database } = require('sqlite3');
  const database = new Database(':memory:', (error) => {
    if (error) throw error;
    database.get('SELECT sqlite_version() AS version', (fault, row) => {
      if (fault) throw fault;
      if (typeof row.version !== 'string') throw new Error('no version');
      database.close();
    });
  });`;

/**
 * What the installed packages depend on. The native module speaks Node-API, one build for all Node versions, so that the
 * ABI is no part of it: that the build opens under this Node is checked at every run.
 */
function stamp() {
  const libc = existsSync('/etc/alpine-release') ? 'musl' : 'default';
  const lock = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json'))).digest('hex');
  return `${process.platform}-${process.arch}-${libc} ${lock}\n`;
}

export function packagesAreCurrent() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp();
}

/** Undefined when sqlite3 opens a database in a process of its own, else what went wrong. */
export async function sqliteFault() {
  const { code, output } = await run(process.execPath, ['-e', openInMemory], { quiet: true });
  if (code === 0) return undefined;
  const lines = output.split('\n').map((line) => line.trim());
  return lines.find((line) => /Error:|GLIBC|cannot open/.test(line)) ?? `exit code ${code}`;
}

/**
 * Installs what the lock file says, and a sqlite3 that opens. Call under the lock. `strict` lets npm run the install
 * scripts listed in `allowScripts` and fails on any that is not listed there (for CI).
 */
export async function install({ strict = false } = {}) {
  if (!packagesAreCurrent()) {
    say('installing packages (npm ci) …');
    const scripts = strict ? '--strict-allow-scripts' : '--ignore-scripts';
    const { code } = await runNpm(['ci', '--include=dev', scripts, '--no-audit', '--no-fund', '--loglevel=error'], { env: headers() });
    if (code !== 0) throw new SetUpError('npm ci failed, see above; it needs a package registry (npm config get registry)');
  }
  await provideSqlite();
  writeFileSync(stampFile, stamp());
}

async function provideSqlite() {
  let fault = await sqliteFault();
  if (fault === undefined) return;
  if (process.env.npm_config_build_from_source === undefined) {
    say('fetching the prebuilt sqlite3 …');
    await downloadSqlite();
    fault = await sqliteFault();
    if (fault === undefined) return;
  }
  const missing = await missingTools();
  if (missing.length > 0) {
    throw new SetUpError(`no prebuilt sqlite3 works here (${fault}); to build it, ${missing.join(', ')} must be installed: ${await installCommand()}`);
  }
  say('building sqlite3 from source (about a minute) …');
  const { code, output } = await runNpm(['rebuild', 'sqlite3', '--build-from-source', '--foreground-scripts', '--loglevel=error'], { env: headers(), quiet: true });
  fault = await sqliteFault();
  if (fault === undefined) return;
  process.stderr.write(output);
  throw new SetUpError(`sqlite3 could not be built (npm exit code ${code}): ${fault}`);
}

async function downloadSqlite() {
  const script = path.join(root, 'node_modules', 'prebuild-install', 'bin.js');
  if (!existsSync(script)) return;
  await runNode(script, ['-r', 'napi'], { quiet: true, cwd: path.join(root, 'node_modules', 'sqlite3'), timeoutMs: 60_000 });
}

/** Headers that came with the running Node spare node-gyp a download; only if they are of the same version. */
function headers() {
  const prefix = path.dirname(path.dirname(process.execPath));
  const versionHeader = path.join(prefix, 'include', 'node', 'node_version.h');
  if (!existsSync(versionHeader)) return {};
  const text = readFileSync(versionHeader, 'utf8');
  const number = (part) => new RegExp(`#define NODE_${part}_VERSION (\\d+)`).exec(text)?.[1];
  const matches = `${number('MAJOR')}.${number('MINOR')}.${number('PATCH')}` === process.versions.node;
  return matches ? { npm_config_nodedir: prefix } : {};
}

async function missingTools() {
  const has = async (...commands) => {
    for (const command of commands) {
      if (command !== undefined && (await run(command.split(' ')[0], ['--version'], { quiet: true })).code === 0) return true;
    }
    return false;
  };
  const missing = [];
  if (!(await has(process.env.npm_config_python, process.env.PYTHON, 'python3', 'python'))) missing.push('python3');
  if (!(await has(process.env.MAKE, 'make', 'gmake'))) missing.push('make');
  if (!(await has(process.env.CXX, 'c++', 'g++', 'clang++'))) missing.push('a C++ compiler');
  return missing;
}

const installCommands = [
  ['apt-get', 'sudo apt-get install -y python3 make g++'],
  ['dnf', 'sudo dnf install -y python3 make gcc-c++'],
  ['apk', 'sudo apk add python3 make g++'],
  ['pacman', 'sudo pacman -S --needed python make gcc'],
  ['zypper', 'sudo zypper install -y python3 make gcc-c++'],
  ['brew', 'xcode-select --install; brew install python3'],
];

async function installCommand() {
  if (process.platform === 'darwin') return 'xcode-select --install';
  for (const [manager, command] of installCommands) {
    if ((await run(manager, ['--version'], { quiet: true })).code === 0) return command;
  }
  return 'install them with the package manager of this system';
}
