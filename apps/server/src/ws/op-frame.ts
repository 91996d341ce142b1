import { PlatformError } from '@quorate/api';
import type { RawData } from 'ws';

/** A frame from a client whose outer shape is right: an object with an `id` and an `op`. */
export interface OpFrame {
  readonly id: number;
  readonly op: string;
  readonly [field: string]: unknown;
}

/** A frame that cannot be served, with its `id` where one can be read. */
export interface BadFrame {
  readonly id: number | null;
  readonly error: PlatformError;
}

export type ReadFrame = OpFrame | BadFrame;

export function isBadFrame(frame: ReadFrame): frame is BadFrame {
  return frame['error'] instanceof PlatformError;
}

/** Reads the outer shape of a frame; what an op needs beyond that is checked by its DTO. */
export function readFrame(data: RawData, isBinary: boolean, bytesMax: number): ReadFrame {
  if (isBinary) return bad(null, new PlatformError('frame_not_text'));
  const bytes = bytesOf(data);
  if (bytes.length > bytesMax) {
    return bad(null, new PlatformError('frame_too_large', `the frame has ${bytes.length} bytes; at most ${bytesMax} are taken`));
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    return bad(null, new PlatformError('frame_invalid', `the frame is not JSON: ${(error as Error).message}`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return bad(null, new PlatformError('frame_invalid', 'a frame is a JSON object'));
  }
  const { id, op } = value as Record<string, unknown>;
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) {
    return bad(null, new PlatformError('frame_invalid', 'id must be a whole number from 0 to 2^53-1', 'id'));
  }
  if (typeof op !== 'string') return bad(id, new PlatformError('frame_invalid', 'op must be a string', 'op'));
  return value as OpFrame;
}

function bad(id: number | null, error: PlatformError): BadFrame {
  return { id, error };
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
