/** Methods that Node's `Buffer` has on all supported versions and its type definitions leave out; they skip the dispatch on the encoding's name. */
interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  utf8Slice(start?: number, end?: number): string;
  /** Returns the number of bytes written. */
  latin1Write(text: string, offset?: number, length?: number): number;
  utf8Write(text: string, offset?: number, length?: number): number;
}
