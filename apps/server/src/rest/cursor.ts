import { PlatformError } from '@quorate/api';

/** Where the next page of a list begins: after this name, in the state of this revision. */
export interface Cursor {
  readonly revision: number;
  readonly after: string;
}

/** Opaque to callers. */
export function cursorText({ revision, after }: Cursor): string {
  return Buffer.from(JSON.stringify([revision, after]), 'utf8').toString('base64url');
}

/** @throws PlatformError `cursor_invalid` */
export function cursorOf(text: string): Cursor {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(parts)) {
      const [revision, after] = parts as unknown[];
      if (Number.isSafeInteger(revision) && (revision as number) > 0 && typeof after === 'string') return { revision: revision as number, after };
    }
  } catch {
    // Falls through: not one of ours.
  }
  throw new PlatformError('cursor_invalid', undefined, 'cursor');
}
