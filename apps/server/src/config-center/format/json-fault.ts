import { caughtFault, type Fault, FaultAt } from './fault';

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or the end' | 'the end';

const SPACE = /[ \t\r\n]*/y;
const LITERAL = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.+-])/y;
const ESCAPES = '"\\/bfnrt';

/** The first fault of a JSON text (RFC 8259). Node says whether there is one, this says where. */
export function jsonFault(text: string): Fault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return caughtFault(text, () => scan(text));
  }
}

/** Keeps its own stack, so that no depth of nesting overflows the thread's. */
function scan(text: string): void {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = skip(SPACE, text, 0);
  while (at < text.length) {
    const char = text[at] as string;
    if (expected === 'the end') throw new FaultAt(at, 'nothing may follow the value');
    if (expected === ':') {
      if (char !== ':') throw new FaultAt(at, 'expected : after the name');
      expected = 'value';
      at++;
    } else if (expected === ', or the end') {
      const inObject = open.at(-1) === '{';
      if (char === ',') expected = inObject ? 'name' : 'value';
      else if (char === (inObject ? '}' : ']')) expected = close(open);
      else throw new FaultAt(at, `expected , or ${inObject ? '}' : ']'}`);
      at++;
    } else if ((expected === 'name or }' && char === '}') || (expected === 'value or ]' && char === ']')) {
      expected = close(open);
      at++;
    } else if (expected === 'name' || expected === 'name or }') {
      if (char !== '"') throw new FaultAt(at, 'expected a name in double quotes');
      at = stringEnd(text, at);
      expected = ':';
    } else if (char === '{' || char === '[') {
      open.push(char);
      expected = char === '{' ? 'name or }' : 'value or ]';
      at++;
    } else {
      at = scalarEnd(text, at, char);
      expected = open.length === 0 ? 'the end' : ', or the end';
    }
    at = skip(SPACE, text, at);
  }
  if (expected !== 'the end') throw new FaultAt(at, `the text ends where ${expected === ', or the end' ? 'a closing bracket' : `a ${expected}`} is due`);
}

function close(open: string[]): Expected {
  open.pop();
  return open.length === 0 ? 'the end' : ', or the end';
}

function scalarEnd(text: string, at: number, char: string): number {
  if (char === '"') return stringEnd(text, at);
  const end = skip(LITERAL, text, at);
  if (end === at) throw new FaultAt(at, `unexpected ${JSON.stringify(char)}`);
  return end;
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '"') return at + 1;
    if (char < ' ') throw new FaultAt(at, 'a control character inside a string has to be escaped');
    if (char !== '\\') continue;
    at++;
    const escape = text[at] ?? '';
    if (escape === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) at += 4;
    else if (escape === '' || !ESCAPES.includes(escape)) throw new FaultAt(at - 1, 'no such escape');
  }
  throw new FaultAt(start, 'the string is not closed');
}

/** Where a sticky pattern that begins at an offset ends; the offset itself where it does not fit. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
