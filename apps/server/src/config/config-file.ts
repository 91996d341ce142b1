import { readFileSync } from 'node:fs';
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { ConfigError } from './config-error';
import { type Flag, type FlagValue, parseFlagText } from './flag';
import { flagTable } from './flag-table';
import { ValueError } from './go-values';
import { Settings } from './settings';

/** `key` or `group/key` in a configuration file, to the flag it stands for. */
const flagsByKey = new Map(flagTable.filter((flag) => flag.fileKey !== null).map((flag) => [(flag.fileKey ?? [flag.name]).join('/'), flag]));
/** Lists that a file, too, holds as one text. */
const commaLists = new Set(['host-whitelist']);
const groups = new Set(flagTable.flatMap((flag) => (flag.fileKey ? [flag.fileKey[0]] : [])));

const reasons = new Map([['ENOENT', 'no such file or directory'], ['EACCES', 'permission denied'], ['EISDIR', 'is a directory']]);

/**
 * Reads a configuration file, YAML or JSON: keys are flag names, TLS and discovery have groups of their own, durations
 * are integer nanoseconds.
 * @throws ConfigError naming the file, the line and the key
 */
export function readConfigFile(file: string): Settings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError(`open ${file}: ${reasons.get(code ?? '') ?? message}`);
  }
  return new ConfigFileReader(file, text).read();
}

class ConfigFileReader {
  private readonly lines = new LineCounter();
  private readonly settings = new Settings();
  private readonly document: Document;

  constructor(private readonly file: string, text: string) {
    // YAML 1.1, as Go's library reads it: `yes` and `on` are booleans.
    this.document = parseDocument(text, { version: '1.1', lineCounter: this.lines, prettyErrors: false, uniqueKeys: true });
  }

  read(): Settings {
    const [error] = this.document.errors;
    if (error) throw this.fault(error.pos[0], error.message);
    const { contents } = this.document;
    if (contents === null || isEmpty(contents)) return this.settings;
    if (!isMap(contents)) throw this.fault(0, 'keys and values are expected');
    this.readMap(contents, undefined);
    return this.settings;
  }

  private readMap(map: YAMLMap, group: string | undefined): void {
    for (const { key, value: node } of map.items) {
      const name = isScalar(key) ? String(key.value) : String(key);
      const at = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      const value = isAlias(node) ? node.resolve(this.document) : node;
      if (isAlias(node) && value === undefined) throw this.fault(at, `unknown anchor '${node.source}' referenced`);
      if (group === undefined && groups.has(name)) {
        if (isMap(value)) this.readMap(value, name);
        else if (!isEmpty(value)) throw this.fault(at, `invalid ${name}: keys and values are expected`);
        continue;
      }
      const flag = flagsByKey.get(group === undefined ? name : `${group}/${name}`);
      if (flag === undefined) throw this.fault(at, `unknown key ${JSON.stringify(group === undefined ? name : `${group}.${name}`)}`);
      if (!isEmpty(value)) this.readValue(flag, name, value, at);
    }
  }

  private readValue(flag: Flag, name: string, node: unknown, at: number): void {
    try {
      const value = valueOf(flag, node);
      if (value !== undefined) this.settings.set(flag, value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw this.fault(at, `invalid value for ${name}: ${error.message}`);
    }
  }

  private fault(offset: number, message: string): ConfigError {
    return new ConfigError(`${this.file}:${this.lines.linePos(offset).line}: ${message}`);
  }
}

/** Undefined: as if the key were not there, which is what an empty text means in etcd. @throws ValueError */
function valueOf(flag: Flag, node: unknown): FlagValue | undefined {
  const asList = flag.kind === 'strings' && !commaLists.has(flag.name);
  if (asList) return textsOf(node);
  if (!isScalar(node)) throw new ValueError('a single value is expected');
  const { value } = node;
  switch (flag.kind) {
    case 'boolean':
      if (typeof value !== 'boolean') throw new ValueError('true or false is expected');
      return value;
    case 'int':
    case 'uint':
    case 'uint32':
      if (!isInteger(value)) throw new ValueError('an integer is expected');
      return parseFlagText(flag, String(value));
    case 'duration':
      if (!isInteger(value)) throw new ValueError('an integer number of nanoseconds is expected');
      return Number(value) / 1e6;
    default:
      if (typeof value !== 'string') throw new ValueError('a text is expected; put it in quotes');
      return value === '' ? undefined : parseFlagText(flag, value);
  }
}

function textsOf(node: unknown): readonly string[] {
  if (!isSeq(node)) throw new ValueError('a list of texts is expected');
  return node.items.map((item) => {
    if (!isScalar(item) || typeof item.value !== 'string') throw new ValueError('a list of texts is expected');
    return item.value;
  });
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}
