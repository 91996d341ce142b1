import fs from 'node:fs';
import path from 'node:path';

/** The version of the `quorate` package that this file belongs to, in the sources and in the build alike. */
export function packageVersion(): string {
  for (let folder = __dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (!fs.existsSync(file)) continue;
    const { name, version } = JSON.parse(fs.readFileSync(file, 'utf8')) as { readonly name?: string; readonly version?: string };
    if (name === 'quorate' && version !== undefined) return version;
  }
  return 'unknown';
}
