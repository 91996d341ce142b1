import { caughtFault, type Fault, FaultAt } from './fault';
import { TomlScan } from './toml-scan';

/** A table of a TOML document, as far as it matters for what may be added to it. */
interface Table {
  readonly kind: 'table' | 'array';
  /** Named by a header of its own, which may stand once; or closed for good (inline). */
  defined: boolean;
  closed: boolean;
  /** Opened by a dotted key: a header may not open it again. */
  dotted: boolean;
  readonly entries: Map<string, Table | 'value'>;
}

/** The first fault of a TOML text (1.0.0). */
export function tomlFault(text: string): Fault | undefined {
  return caughtFault(text, () => checkDocument(new TomlScan(text)));
}

function checkDocument(scan: TomlScan): void {
  const root = newTable('table');
  let current = root;
  for (;;) {
    scan.skipLines();
    if (scan.atEnd) return;
    if (scan.peek === '[') current = header(scan, root);
    else keyValue(scan, current);
    scan.endOfLine();
  }
}

function header(scan: TomlScan, root: Table): Table {
  const offset = scan.offset;
  const isArray = scan.take('[[');
  if (!isArray) scan.expect('[');
  const path = scan.dottedKey();
  scan.expect(isArray ? ']]' : ']');
  const last = path.pop() as string;
  let table = root;
  for (const name of path) table = descend(table, name, offset);
  const existing = table.entries.get(last);
  if (isArray) {
    if (existing !== undefined && (existing === 'value' || existing.kind !== 'array' || existing.closed)) throw new FaultAt(offset, `${last} is something else already`);
    // Every header of an array begins a new, empty element.
    const element = newTable('array');
    table.entries.set(last, element);
    return element;
  }
  if (existing === undefined) {
    const made = newTable('table');
    made.defined = true;
    table.entries.set(last, made);
    return made;
  }
  if (existing === 'value' || existing.kind === 'array' || existing.defined || existing.closed || existing.dotted) throw new FaultAt(offset, `${last} is defined twice`);
  existing.defined = true;
  return existing;
}

function descend(table: Table, name: string, offset: number): Table {
  const next = table.entries.get(name);
  if (next === undefined) {
    const made = newTable('table');
    table.entries.set(name, made);
    return made;
  }
  if (next === 'value' || next.closed) throw new FaultAt(offset, `${name} is not a table that can be extended`);
  return next;
}

function keyValue(scan: TomlScan, table: Table): void {
  const offset = scan.offset;
  const path = scan.dottedKey();
  scan.expect('=');
  const last = path.pop() as string;
  let target = table;
  for (const name of path) {
    const known = target.entries.get(name);
    if (known !== undefined && known !== 'value' && (known.defined || known.kind === 'array')) throw new FaultAt(offset, `${name} was defined by a header`);
    target = descend(target, name, offset);
    target.dotted = true;
  }
  if (target.entries.has(last)) throw new FaultAt(offset, `${last} is defined twice`);
  target.entries.set(last, value(scan));
}

function value(scan: TomlScan): Table | 'value' {
  if (scan.peek === '[') {
    array(scan);
    return 'value';
  }
  if (scan.peek === '{') return inlineTable(scan);
  scan.scalar();
  return 'value';
}

function array(scan: TomlScan): void {
  const depthOffset = scan.offset;
  scan.enter(depthOffset);
  scan.expect('[');
  scan.skipLines();
  while (!scan.take(']')) {
    value(scan);
    scan.skipLines();
    if (scan.peek !== ']') scan.expect(',');
    scan.skipLines();
  }
  scan.leave();
}

function inlineTable(scan: TomlScan): Table {
  scan.enter(scan.offset);
  const table = newTable('table');
  scan.expect('{');
  scan.skipBlanks();
  if (!scan.take('}')) {
    for (;;) {
      keyValue(scan, table);
      scan.skipBlanks();
      if (scan.take('}')) break;
      scan.expect(',');
      scan.skipBlanks();
    }
  }
  closeAll(table);
  scan.leave();
  return table;
}

function closeAll(table: Table): void {
  table.closed = true;
  for (const entry of table.entries.values()) if (entry !== 'value') closeAll(entry);
}

function newTable(kind: Table['kind']): Table {
  return { kind, defined: false, closed: false, dotted: false, entries: new Map() };
}
