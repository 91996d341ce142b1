import { DecodeError } from './decode-error';
import { Reader } from './reader';
import type { MessageSchema } from './schema';
import { ReverseWriter } from './writer';

/** One message type: bytes to object and back. */
export interface Codec<T> {
  readonly schema: MessageSchema;
  /**
   * Copies no bytes: every `Buffer` in the answer is a part of `bytes`, to be copied by whoever keeps it.
   * @throws DecodeError and nothing else
   */
  decode(bytes: Buffer): T;
  /** A buffer of the caller's own. */
  encode(message: T): Buffer;
  /** As `encode`, with gRPC's five-byte prefix in front. */
  encodeFrame(message: T): Buffer;
}

/** Reads fields until the reader's end. */
export type ReadMessage<T> = (reader: Reader) => T;
/** Writes all fields, last one first. */
export type WriteMessage<T> = (writer: ReverseWriter, message: T) => void;

export interface CodecParts<T> {
  readonly schema: MessageSchema;
  readonly read: ReadMessage<T>;
  readonly write: WriteMessage<T>;
  /** An upper bound of the encoded size, for messages that may be large. */
  readonly sizeMax?: (message: T) => number;
}

/** Encoding is synchronous and never nested, so one writer serves all. */
const writer = new ReverseWriter();

export function makeCodec<T>({ schema, read, write, sizeMax }: CodecParts<T>): Codec<T> {
  const fill = (message: T): void => {
    writer.begin(sizeMax?.(message));
    write(writer, message);
  };
  return {
    schema,
    decode(bytes) {
      try {
        return read(new Reader(bytes));
      } catch (error) {
        if (error instanceof RangeError) throw new DecodeError('exceeded maximum recursion depth');
        throw error;
      }
    },
    encode(message) {
      fill(message);
      return writer.finish();
    },
    encodeFrame(message) {
      fill(message);
      return writer.finishFrame();
    },
  };
}
