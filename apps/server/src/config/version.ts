import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The etcd release whose API this server speaks; clients and tools read it as the server's version. */
export const ETCD_API_VERSION = '3.6.7';

/** The version of this package: that of the nearest `package.json` above, in the sources and in the build alike. */
export const QUORATE_VERSION: string = readPackageVersion(__dirname);

/** What `--version` prints: etcd's first line, which tools read, then who this really is. */
export function versionText(): string {
  return [
    `etcd Version: ${ETCD_API_VERSION}`,
    `Quorate Version: ${QUORATE_VERSION}`,
    `Node Version: ${process.version}`,
    `Node OS/Arch: ${os.platform()}/${os.arch()}`,
  ].join('\n');
}

function readPackageVersion(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const version = versionIn(path.join(folder, 'package.json'));
    if (version !== undefined) return version;
    if (folder === path.dirname(folder)) throw new Error(`no package.json of quorate above ${from}`);
  }
}

function versionIn(file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('name' in parsed) || parsed.name !== 'quorate') return undefined;
  return 'version' in parsed && typeof parsed.version === 'string' ? parsed.version : undefined;
}
