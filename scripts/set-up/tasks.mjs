// The tasks of scripts/up.mjs.
import path from 'node:path';
import { build, isBuilt } from './build.mjs';
import { install, packagesAreCurrent, sqliteFault } from './install.mjs';
import { withLock } from './lock.mjs';
import { become, root, say, SetUpError } from './process.mjs';
import { startFlags } from './start-flags.mjs';

const lockFile = path.join(root, '.setup.lock');

const tasks = {
  async start(args) {
    const { flags, notes } = startFlags(args, process.env);
    await setUp(['product']);
    for (const note of notes) say(note);
    return become(path.join(root, 'bin', 'quorate'), ['serve', ...flags]);
  },
  async test(args) {
    await setUp(['product']);
    return become(process.execPath, [path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...args]);
  },
  async bench(args) {
    await setUp(['product', 'bench']);
    return become(process.execPath, [path.join(root, 'dist', 'test', 'bench', 'main.js'), ...args]);
  },
  async build() {
    await setUp(['product'], { rebuild: true });
  },
  async setup(args) {
    await setUp(args.includes('--packages-only') ? [] : ['product'], { strict: args.includes('--strict') });
  },
};

/** Runs the task `name`; resolves when it is done, or never where another program took over. */
export async function runTask(name, args) {
  if (!Object.hasOwn(tasks, name ?? '')) throw new SetUpError(`usage: node scripts/up.mjs ${Object.keys(tasks).join('|')} [arguments]`);
  await tasks[name](args);
}

/** Packages, native module and the builds named in `targets`; does nothing, and takes no lock, where all is current. */
async function setUp(targets, { rebuild = false, strict = false } = {}) {
  const installed = async () => packagesAreCurrent() && (await sqliteFault()) === undefined;
  const stale = () => targets.filter((target) => rebuild || !isBuilt(target));
  if ((await installed()) && stale().length === 0) return;
  const onWait = (pid) => say(`another set-up is running (process ${pid}), waiting for it …`);
  await withLock(lockFile, async () => {
    if (!(await installed())) await install({ strict });
    for (const target of stale()) await build(target);
  }, onWait);
}
