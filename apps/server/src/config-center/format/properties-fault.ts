import { type Fault, faultAt } from './fault';

const BROKEN_ESCAPE = /\\(?:u(?![0-9a-fA-F]{4})|([\s\S]))/g;

/** The first fault of a Java properties text: all there can be is a `\u` without four hexadecimal digits, outside of comments. */
export function propertiesFault(text: string): Fault | undefined {
  let offset = 0;
  let continued = false;
  for (const line of text.split('\n')) {
    const isComment: boolean = !continued && /^[ \t\f]*[#!]/.test(line);
    if (!isComment) {
      for (const match of line.matchAll(BROKEN_ESCAPE)) {
        if (match[1] === undefined) return faultAt(text, offset + match.index, '\\u needs four hexadecimal digits');
      }
    }
    continued = !isComment && /(?:^|[^\\])(?:\\\\)*\\\r?$/.test(line);
    offset += line.length + 1;
  }
  return undefined;
}
