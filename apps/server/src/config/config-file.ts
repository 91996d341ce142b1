import { readFileSync } from 'node:fs';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { ConfigError } from './config-error';
import { type Flag, type FlagValue, parseFlagText } from './flag';
import { flagTable } from './flag-table';
import { ValueError } from './go-values';
import { Settings } from './settings';

/** `key` or `group/key` in a configuration file, to the flag it stands for. */
const flagsByKey = new Map(flagTable.filter((flag) => flag.fileKey !== null).map((flag) => [(flag.fileKey ?? [flag.name]).join('/'), flag]));
const groups = new Set(flagTable.flatMap((flag) => (flag.fileKey ? [flag.fileKey[0]] : [])));

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
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    throw new ConfigError(`open ${file}: ${code === 'ENOENT' ? 'no such file or directory' : String(error)}`);
  }
  return new ConfigFileReader(file, text).read();
}

class ConfigFileReader {
  private readonly lines = new LineCounter();
  private readonly settings = new Settings();

  constructor(private readonly file: string, private readonly text: string) {}

  read(): Settings {
    const document = parseDocument(this.text, { lineCounter: this.lines, prettyErrors: false, uniqueKeys: true });
    const [error] = document.errors;
    if (error) throw this.fault(error.pos[0], error.message);
    if (document.contents === null) return this.settings;
    if (!isMap(document.contents)) throw this.fault(0, 'is no map of keys and values');
    this.readMap(document.contents, undefined);
    return this.settings;
  }

  private readMap(map: YAMLMap, group: string | undefined): void {
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : String(key);
      const at = offsetOf(key);
      if (group === undefined && groups.has(name)) {
        if (isMap(value)) this.readMap(value, name);
        else if (!isEmpty(value)) throw this.fault(at, `invalid ${name}: it holds keys and values`);
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
    const { line } = this.lines.linePos(offset);
    return new ConfigError(`${this.file}:${Math.max(line, 1)}: ${message}`);
  }
}

/** Undefined: as if the key were not there. An empty text stands for the default, as in etcd. @throws ValueError */
function valueOf(flag: Flag, node: unknown): FlagValue | undefined {
  if (isAlias(node)) throw new ValueError('aliases are not supported');
  if (isSeq(node)) {
    if (flag.kind !== 'strings') throw new ValueError('a list is not expected here');
    return node.items.map((item) => {
      if (!isScalar(item)) throw new ValueError('a list of texts is expected');
      return String(item.value);
    });
  }
  if (!isScalar(node)) throw new ValueError('a single value is expected here');
  const { value } = node;
  const text = typeof value === 'string' ? value : (node.source ?? String(value));
  switch (flag.kind) {
    case 'boolean':
      if (typeof value !== 'boolean') throw new ValueError('true or false is expected');
      return value;
    case 'int':
    case 'uint':
    case 'uint32':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw new ValueError('an integer is expected');
      return parseFlagText(flag, String(value));
    case 'duration':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw new ValueError('a duration is an integer number of nanoseconds here');
      return value / 1e6;
    default:
      return text === '' ? undefined : parseFlagText(flag, text);
  }
}

function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function offsetOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}
