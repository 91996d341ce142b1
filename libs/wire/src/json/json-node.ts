/** JSON as it was written: numbers keep their digits (64-bit ones do not fit into a `number`), everything its place. */
export type JsonNode =
  | { readonly type: 'object'; readonly at: number; readonly members: readonly JsonMember[] }
  | { readonly type: 'array'; readonly at: number; readonly items: readonly JsonNode[] }
  | { readonly type: 'string'; readonly at: number; readonly raw: string; readonly text: string }
  | { readonly type: 'number' | 'literal'; readonly at: number; readonly raw: string };

export interface JsonMember {
  readonly name: string;
  /** Of the name. */
  readonly at: number;
  /** The name with its quotes, as written. */
  readonly raw: string;
  readonly value: JsonNode;
}

/** The token that a value begins with, for error texts. */
export function tokenOf(node: JsonNode): string {
  switch (node.type) {
    case 'object': return '{';
    case 'array': return '[';
    case 'string': case 'number': case 'literal': return node.raw;
  }
}

/** `line 1:8` as protojson counts: columns in characters, both from one. */
export function placeOf(source: string, at: number): string {
  const before = source.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.length - before.replaceAll('\n', '').length + 1;
  return `line ${line}:${[...before.slice(lineStart)].length + 1}`;
}
