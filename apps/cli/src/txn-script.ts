import { byteStringOf, type Compare, CompareResult, CompareTarget, type RequestOp, type TxnRequest } from '@quorate/api';
import { keyRangeOf, parseCount, parseLeaseId } from './arguments';
import { CliError, ExitCode } from './cli-error';

/**
 * A transaction as etcdctl reads it: conditions, then what to do where they hold, then what to do where they do not;
 * one per line, each part ended by an empty line.
 * @throws CliError with the number of the line
 */
export function parseTxnScript(script: string): TxnRequest {
  const sections: string[][] = [[], [], []];
  let section = 0;
  script.split('\n').forEach((raw, at) => {
    const line = raw.trim();
    if (line === '') section++;
    else if (section > 2) throw fault(at, 'a transaction has three parts: conditions, then, else');
    else sections[section]?.push(`${at + 1}:${line}`);
  });
  const read = <T>(lines: readonly string[] | undefined, parse: (line: string) => T): T[] => (lines ?? []).map((numbered) => {
    const colon = numbered.indexOf(':');
    try {
      return parse(numbered.slice(colon + 1));
    } catch (error) {
      throw error instanceof CliError ? fault(Number(numbered.slice(0, colon)) - 1, error.message) : error;
    }
  });
  return { compare: read(sections[0], parseCompare), success: read(sections[1], parseOperation), failure: read(sections[2], parseOperation) };
}

const fault = (at: number, message: string): CliError => new CliError(`line ${at + 1}: ${message}`, ExitCode.badArguments);
const bad = (message: string): CliError => new CliError(message, ExitCode.badArguments);

const TARGETS: Readonly<Record<string, number>> = {
  ver: CompareTarget.VERSION, version: CompareTarget.VERSION, c: CompareTarget.CREATE, create: CompareTarget.CREATE,
  m: CompareTarget.MOD, mod: CompareTarget.MOD, val: CompareTarget.VALUE, value: CompareTarget.VALUE, lease: CompareTarget.LEASE,
};
const RESULTS: Readonly<Record<string, number>> = {
  '=': CompareResult.EQUAL, '!=': CompareResult.NOT_EQUAL, '>': CompareResult.GREATER, '<': CompareResult.LESS,
};

/** `mod("key") > "5"` */
function parseCompare(line: string): Compare {
  const match = /^([a-z]+)\(("(?:[^"\\]|\\.)*")\)\s*(!=|=|<|>)\s*(.+)$/.exec(line);
  const target = TARGETS[match?.[1] ?? ''];
  if (match === null || target === undefined) throw bad(`invalid comparison: ${line}; expected such as mod("key") > "5"`);
  const base = { key: byteStringOf(unquote(match[2] as string)), result: RESULTS[match[3] as string] as number, target };
  const text = /^"/.test(match[4] as string) ? unquote(match[4] as string) : match[4] as string;
  switch (target) {
    case CompareTarget.VERSION: return { ...base, version: parseCount('version', text) };
    case CompareTarget.CREATE: return { ...base, createRevision: parseCount('revision', text) };
    case CompareTarget.MOD: return { ...base, modRevision: parseCount('revision', text) };
    case CompareTarget.LEASE: return { ...base, lease: parseLeaseId(text) };
    default: return { ...base, value: Buffer.from(text) };
  }
}

/** `get`, `put` or `del` with their flags. */
function parseOperation(line: string): RequestOp {
  const [command, ...rest] = words(line);
  const flags = new Set(rest.filter((word) => word.startsWith('--') && !word.includes('=')));
  const lease = rest.find((word) => word.startsWith('--lease='));
  const [first, second, third] = rest.filter((word) => !word.startsWith('--'));
  if (first === undefined || third !== undefined) throw bad(`invalid operation: ${line}`);
  const range = (): ReturnType<typeof keyRangeOf> => keyRangeOf(first, second, { prefix: flags.has('--prefix'), fromKey: flags.has('--from-key') });
  switch (command) {
    case 'get': return { type: 'range', request: { ...range(), keysOnly: flags.has('--keys-only'), countOnly: flags.has('--count-only') } };
    case 'del': return { type: 'deleteRange', request: { ...range(), prevKv: flags.has('--prev-kv') } };
    case 'put':
      if (second === undefined) throw bad(`put needs a key and a value: ${line}`);
      return {
        type: 'put',
        request: {
          key: byteStringOf(first), value: Buffer.from(second), prevKv: flags.has('--prev-kv'),
          lease: lease === undefined ? 0n : parseLeaseId(lease.slice('--lease='.length)),
        },
      };
    default: throw bad(`invalid operation: ${line}; expected get, put or del`);
  }
}

/** Words apart by spaces; quotes hold one together. */
function words(line: string): string[] {
  return [...line.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|\S+/g)].map(([word]) => {
    if (word.startsWith('"')) return unquote(word);
    return word.startsWith('\'') ? word.slice(1, -1) : word;
  });
}

function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw bad(`cannot read the quoted text ${text}`);
  }
}
