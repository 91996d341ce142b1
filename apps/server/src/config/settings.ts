import { ConfigError } from './config-error';
import { type Flag, type FlagValue, parseFlagText } from './flag';
import { flagsByName } from './flag-table';
import { type ListenUrl } from './server-config';

/** The values of all flags: those that were given, and the defaults of the rest. */
export class Settings {
  private readonly given = new Map<string, FlagValue>();

  set(flag: Flag, value: FlagValue): void {
    this.given.set(flag.name, value);
  }

  isSet(name: string): boolean {
    return this.given.has(name);
  }

  /** Flags that were given a value other than their default, in the order they were first given. */
  changed(): readonly Flag[] {
    return [...this.given.keys()].map(flagNamed).filter((flag) => {
      return flag.kind === 'ignored' || JSON.stringify(this.given.get(flag.name)) !== JSON.stringify(parseFlagText(flag, flag.defaultText));
    });
  }

  /** Flags that were given, in the order they were first given. */
  givenFlags(): readonly Flag[] {
    return [...this.given.keys()].map(flagNamed);
  }

  value(name: string): FlagValue {
    const flag = flagNamed(name);
    return this.given.get(name) ?? parseFlagText(flag, flag.defaultText);
  }

  string(name: string): string {
    const value = this.value(name);
    if (typeof value === 'string') return value;
    throw new TypeError(`the flag ${name} is no string`);
  }

  number(name: string): number {
    const value = this.value(name);
    if (typeof value === 'number') return value;
    throw new TypeError(`the flag ${name} is no number`);
  }

  boolean(name: string): boolean {
    const value = this.value(name);
    if (typeof value === 'boolean') return value;
    throw new TypeError(`the flag ${name} is no boolean`);
  }

  strings(name: string): readonly string[] {
    return this.list(name).map((item) => (typeof item === 'string' ? item : item.href));
  }

  urls(name: string): readonly ListenUrl[] {
    return this.list(name).map((item) => {
      if (typeof item === 'string') throw new TypeError(`the flag ${name} is no list of URLs`);
      return item;
    });
  }

  private list(name: string): readonly (string | ListenUrl)[] {
    const value = this.value(name);
    if (typeof value === 'object') return value;
    throw new TypeError(`the flag ${name} is no list`);
  }
}

function flagNamed(name: string): Flag {
  const flag = flagsByName.get(name);
  if (flag === undefined) throw new ConfigError(`no flag is named ${name}`);
  return flag;
}
