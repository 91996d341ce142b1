import type { DeleteRangeResponse } from '@quorate/api';
import type { Command } from 'commander';
import { keyRangeOf, type RangeFlags } from '../arguments';
import type { CommandRunner } from '../command-runner';
import { lines, type Presentation } from '../output/presentation';
import { headerFields, headerJson, keyValueFields, keyValueJson, keyValueSimple, type SimpleOptions } from '../output/store-forms';

interface DelOptions extends RangeFlags {
  readonly prevKv?: boolean;
}

export function addDel(program: Command, runner: CommandRunner): void {
  const command = program.command('del <key> [range_end]').description('delete a key or a range of keys')
    .option('--prefix', 'all keys with this prefix')
    .option('--from-key', 'all keys from this one on')
    .option('--prev-kv', 'show what was deleted');
  runner.add<DelOptions>(command, async (session, options, [key, rangeEnd]) => {
    const range = keyRangeOf(key as string, rangeEnd, options);
    const api = await session.api();
    const response = await api.deleteRange({ ...range, prevKv: options.prevKv ?? false }, { signal: session.signal });
    session.print(deletePresentation(response, { hex: session.options.hex }));
  });
}

export function deletePresentation(response: DeleteRangeResponse, options: SimpleOptions): Presentation {
  const { header, deleted, prevKvs } = response;
  return {
    simple: () => lines(`${deleted}`) + prevKvs.map((kv) => keyValueSimple(kv, options)).join(''),
    json: () => ({ header: headerJson(header), ...deleteJson(response) }),
    fields: () => [...headerFields(header), ['Deleted', deleted], ...prevKvs.flatMap((kv) => keyValueFields(kv, 'Prev'))],
    table: () => ({ head: ['DELETED', 'REVISION'], rows: [[`${deleted}`, `${header.revision}`]] }),
  };
}

export function deleteJson({ deleted, prevKvs }: DeleteRangeResponse): Record<string, unknown> {
  return { deleted: deleted || undefined, prev_kvs: prevKvs.length === 0 ? undefined : prevKvs.map(keyValueJson) };
}
