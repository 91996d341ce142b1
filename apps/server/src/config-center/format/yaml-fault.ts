import { parseAllDocuments } from 'yaml';
import type { Fault } from './fault';

/** The first fault of a YAML text (1.2), which may hold several documents. Aliases are looked at, not expanded. */
export function yamlFault(text: string): Fault | undefined {
  const documents = parseAllDocuments(text, { prettyErrors: true, logLevel: 'silent' });
  for (const document of documents) {
    const [error] = 'errors' in document ? document.errors : [];
    if (!error) continue;
    const [start] = error.linePos ?? [{ line: 1, col: 1 }];
    // The library's message goes on with the place and a piece of the text.
    const message = (error.message.split(' at line ')[0] ?? error.message).split('\n')[0] as string;
    return { line: start.line, column: start.col, message };
  }
  return undefined;
}
