import { type RangeRequest, type RangeResponse, SortOrder, SortTarget } from '@quorate/api';
import type { Command } from 'commander';
import { keyRangeOf, parseCount, type RangeFlags } from '../arguments';
import { CliError, ExitCode } from '../cli-error';
import type { CommandRunner } from '../command-runner';
import { lines, type Presentation } from '../output/presentation';
import {
  headerFields, headerJson, KEY_VALUE_HEAD, keyValueFields, keyValueJson, keyValueRow, keyValueSimple, type SimpleOptions,
} from '../output/store-forms';

interface GetOptions extends RangeFlags {
  readonly consistency: string;
  readonly order?: string;
  readonly sortBy?: string;
  readonly limit: string;
  readonly rev: string;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly printValueOnly?: boolean;
}

export function addGet(program: Command, runner: CommandRunner): void {
  const command = program.command('get <key> [range_end]').description('read a key or a range of keys')
    .option('--prefix', 'all keys with this prefix')
    .option('--from-key', 'all keys from this one on')
    .option('--consistency <l|s>', 'linearizable (l), or from this member\'s own state (s)', 'l')
    .option('--order <order>', 'ASCEND or DESCEND')
    .option('--sort-by <target>', 'CREATE, KEY, MODIFY, VALUE or VERSION')
    .option('--limit <count>', 'at most so many keys', '0')
    .option('--rev <revision>', 'as of this revision', '0')
    .option('--keys-only', 'only the keys')
    .option('--count-only', 'only how many there are')
    .option('--print-value-only', 'only the values (format simple)');
  runner.add<GetOptions>(command, async (session, options, [key, rangeEnd]) => {
    if (options.keysOnly && options.countOnly) throw new CliError('`--keys-only` and `--count-only` cannot be set at the same time, choose one', ExitCode.badArguments);
    const request = rangeRequestOf(options, key as string, rangeEnd);
    const api = await session.api();
    const simple: SimpleOptions = { hex: session.options.hex, keysOnly: options.keysOnly ?? false, valuesOnly: options.printValueOnly ?? false };
    const response = await api.range(request, { signal: session.signal });
    session.print(rangePresentation(response, simple, options.countOnly));
  });
}

function rangeRequestOf(options: GetOptions, key: string, rangeEnd: string | undefined): RangeRequest {
  if (options.consistency !== 'l' && options.consistency !== 's') throw new CliError(`unknown consistency flag "${options.consistency}"`, ExitCode.badFeature);
  const order = (options.order ?? 'NONE').toUpperCase();
  const target = ({ MODIFY: 'MOD' } as Record<string, string>)[(options.sortBy ?? 'KEY').toUpperCase()] ?? (options.sortBy ?? 'KEY').toUpperCase();
  if (!(order in SortOrder)) throw new CliError(`bad sort order ${options.order ?? ''}`, ExitCode.badFeature);
  if (!(target in SortTarget)) throw new CliError(`bad sort target ${options.sortBy ?? ''}`, ExitCode.badFeature);
  return {
    ...keyRangeOf(key, rangeEnd, options),
    limit: parseCount('--limit', options.limit), revision: parseCount('--rev', options.rev),
    sortOrder: SortOrder[order as keyof typeof SortOrder], sortTarget: SortTarget[target as keyof typeof SortTarget],
    serializable: options.consistency === 's', keysOnly: options.keysOnly ?? false, countOnly: options.countOnly ?? false,
  };
}

export function rangePresentation(response: RangeResponse, options: SimpleOptions, countOnly = false): Presentation {
  const { header, kvs, more, count } = response;
  return {
    simple: () => (countOnly ? lines(`${count}`) : kvs.map((kv) => keyValueSimple(kv, options)).join('')),
    json: () => ({ header: headerJson(header), ...rangeJson(response) }),
    fields: () => [...headerFields(header), ...kvs.flatMap((kv) => keyValueFields(kv)), ['More', more], ['Count', count]],
    table: () => (countOnly ? { head: ['COUNT'], rows: [[`${count}`]] } : { head: KEY_VALUE_HEAD, rows: kvs.map((kv) => keyValueRow(kv, options)) }),
  };
}

export function rangeJson({ kvs, more, count }: RangeResponse): Record<string, unknown> {
  return { kvs: kvs.length === 0 ? undefined : kvs.map(keyValueJson), more: more || undefined, count: count || undefined };
}
