import type { ByteString } from '@quorate/api';

/** Keys from `from` on, below `to`; `to` undefined: no end. */
export interface KeyRange {
  readonly from: ByteString;
  readonly to: ByteString | undefined;
}

export function isSingleKey(rangeEnd: ByteString | undefined): boolean {
  return rangeEnd === undefined || rangeEnd.length === 0;
}

/** The range of a request: one key without an end, everything from the key on where the end is one zero byte. */
export function keyRange(key: ByteString, rangeEnd: ByteString | undefined): KeyRange {
  if (rangeEnd === undefined || rangeEnd.length === 0) return { from: key, to: `${key}\0` };
  return { from: key, to: rangeEnd === '\0' ? undefined : rangeEnd };
}
