// Compiles the apps with the libraries they use into dist/, if a source changed since the last time.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, runNode, say, SetUpError } from './process.mjs';

const nest = path.join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');

/** What nest-cli.json calls a project, and the folders it is compiled from. */
const targets = {
  product: { projects: ['server', 'cli'], folders: ['apps/server', 'apps/cli', 'libs'], results: ['dist/apps/server/src/main.js', 'dist/apps/cli/src/main.js'] },
  bench: { projects: ['bench'], folders: ['test/bench', 'libs'], results: ['dist/test/bench/main.js'] },
};
const settings = ['package-lock.json', 'tsconfig.json', 'nest-cli.json'];

/** A hash over names, sizes and times of the sources: cheap, and never wrong in the direction that matters. */
function sourceState(target) {
  const hash = createHash('sha256');
  const add = (file) => {
    const { size, mtimeMs } = statSync(path.join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  };
  const walk = (folder) => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(name);
      else if (/\.(ts|json)$/.test(entry.name) && !/\.spec\.ts$/.test(entry.name)) add(name);
    }
  };
  for (const file of settings) add(file);
  for (const folder of targets[target].folders) if (existsSync(path.join(root, folder))) walk(folder);
  return hash.digest('hex');
}

const stampOf = (target) => path.join(root, 'dist', `.built-${target}`);

export function isBuilt(target) {
  const stamp = stampOf(target);
  if (!existsSync(stamp) || targets[target].results.some((file) => !existsSync(path.join(root, file)))) return false;
  return readFileSync(stamp, 'utf8') === sourceState(target);
}

/** Builds `product` or `bench`. Call under the lock. A type error fails it and leaves the previous output in place. */
export async function build(target) {
  // Taken before compiling: a source that changes meanwhile is compiled again at the next run.
  const state = sourceState(target);
  rmSync(stampOf(target), { force: true });
  for (const project of targets[target].projects) {
    say(`building ${project} …`);
    const { code } = await runNode(nest, ['build', project]);
    if (code !== 0) throw new SetUpError(`the build of ${project} failed, see above`);
  }
  const absent = targets[target].results.find((file) => !existsSync(path.join(root, file)));
  if (absent !== undefined) throw new SetUpError(`the build of ${target} left no ${absent}`);
  writeFileSync(stampOf(target), state);
}
