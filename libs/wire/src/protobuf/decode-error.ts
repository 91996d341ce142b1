/**
 * Bytes or JSON that are not the message they should be; the only thing that a decoder of this library throws. The texts
 * are those that etcd's own decoders give, so that a client sees the same error from both.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}
