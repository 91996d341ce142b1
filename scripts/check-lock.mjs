// Fails when package-lock.json lacks a variant of a platform package for one of the systems that Quorate runs on, or when
// the versions there drift from what the package asks for: `npm ci` would then fail, or install a broken tree, elsewhere.
//   node scripts/check-lock.mjs [package-lock.json]
import { readFileSync } from 'node:fs';
import path from 'node:path';

const targets = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'];
const file = process.argv[2] ?? path.join(import.meta.dirname, '..', 'package-lock.json');
const { packages } = JSON.parse(readFileSync(file, 'utf8'));
const faults = [];

/** Where npm would put `name` for the package at `from`: beside it or in a folder above. */
function locate(from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[place] !== undefined) return packages[place];
    if (folder === '') return undefined;
  }
}

/** `darwin-arm64` from `@swc/core-darwin-arm64`, also where a libc or ABI follows (`-linux-x64-gnu`). */
function platformOf(name) {
  const found = /(darwin|linux|win32|freebsd|android)[-_.]?(?:x86_64|x64|arm64|aarch64)/.exec(name);
  return found === null ? undefined : found[0].replace('x86_64', 'x64').replace('aarch64', 'arm64').replace(/[_.]/, '-');
}

let platformPackages = 0;
for (const [place, entry] of Object.entries(packages)) {
  const variants = Object.entries(entry.optionalDependencies ?? {}).filter(([name]) => platformOf(name) !== undefined);
  if (variants.length === 0) continue;
  platformPackages++;
  const offered = new Set(variants.map(([name]) => platformOf(name)));
  for (const target of targets) {
    if (!offered.has(target)) faults.push(`${place} has no variant for ${target} at all`);
  }
  for (const [name, range] of variants) {
    if (!targets.includes(platformOf(name))) continue;
    const variant = locate(place, name);
    if (variant === undefined) faults.push(`${place} ${entry.version}: ${name} is not in the lock file`);
    else if (/^\d/.test(range) && variant.version !== range) faults.push(`${place}: ${name} is ${variant.version}, wanted ${range}`);
    else if (variant.optional !== true && variant.devOptional !== true) faults.push(`${place}: ${name} is not marked optional`);
  }
}
for (const [place, entry] of Object.entries(packages)) {
  if (entry.resolved !== undefined && !/^(https:\/\/registry\.npmjs\.org\/|[^:]+$)/.test(entry.resolved)) {
    faults.push(`${place} is resolved to ${entry.resolved}`);
  }
}

if (platformPackages === 0) faults.push(`${file} lists no platform package: is this the right file?`);
for (const fault of faults) process.stderr.write(`check-lock: ${fault}\n`);
if (faults.length > 0) {
  process.stderr.write('check-lock: pin the package to a version whose variants are all published, then remove node_modules and run npm install\n');
  process.exit(1);
}
process.stdout.write(`check-lock: ${platformPackages} platform packages, each with ${targets.join(', ')}\n`);
