import { readdirSync, readFileSync } from 'node:fs';

/** Open file descriptors of this process and how many it may have; `undefined` where the system does not tell. */
export function fileDescriptors(): { readonly used: number; readonly limit: number } | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? undefined : { used: readdirSync('/proc/self/fd').length, limit: Number(limit) };
  } catch {
    return undefined;
  }
}
