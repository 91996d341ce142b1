import { byteStringOf, type PutResponse } from '@quorate/api';
import type { Command } from 'commander';
import { parseLeaseId } from '../arguments';
import { CliError, ExitCode } from '../cli-error';
import type { CommandRunner } from '../command-runner';
import { lines, type Presentation } from '../output/presentation';
import { headerFields, headerJson, keyValueFields, keyValueJson, keyValueSimple, type SimpleOptions } from '../output/store-forms';

interface PutOptions {
  readonly lease: string;
  readonly prevKv?: boolean;
  readonly ignoreValue?: boolean;
  readonly ignoreLease?: boolean;
}

export function addPut(program: Command, runner: CommandRunner): void {
  const command = program.command('put <key> [value]').description('write a key; without a value, or with "-", from the standard input')
    .option('--lease <id>', 'attach the key to this lease (hexadecimal)', '0')
    .option('--prev-kv', 'show what was there before')
    .option('--ignore-value', 'keep the present value')
    .option('--ignore-lease', 'keep the present lease');
  runner.add<PutOptions>(command, async (session, { lease, prevKv = false, ignoreValue = false, ignoreLease = false }, [key, text]) => {
    if (ignoreValue && text !== undefined) throw new CliError('put command needs only 1 argument when `--ignore-value` is set', ExitCode.badArguments);
    const leaseId = parseLeaseId(lease);
    const value = ignoreValue ? Buffer.alloc(0) : text === undefined || text === '-' ? await session.readInput() : Buffer.from(text);
    const api = await session.api();
    const response = await api.put({ key: byteStringOf(key as string), value, lease: leaseId, prevKv, ignoreValue, ignoreLease }, { signal: session.signal });
    session.print(putPresentation(response, { hex: session.options.hex }));
  });
}

export function putPresentation({ header, prevKv }: PutResponse, options: SimpleOptions): Presentation {
  return {
    simple: () => lines('OK') + (prevKv ? keyValueSimple(prevKv, options) : ''),
    json: () => ({ header: headerJson(header), prev_kv: prevKv && keyValueJson(prevKv) }),
    fields: () => [...headerFields(header), ...(prevKv ? keyValueFields(prevKv, 'Prev') : [])],
    table: () => ({ head: ['REVISION'], rows: [[`${header.revision}`]] }),
  };
}
