import { EventType, type WatchBatch, type WatchEvent } from '@quorate/api';
import type { Command } from 'commander';
import { keyRangeOf, parseCount, type RangeFlags } from '../arguments';
import { CliError, ExitCode } from '../cli-error';
import type { CommandRunner } from '../command-runner';
import type { Presentation } from '../output/presentation';
import { keyValueFields, keyValueJson, keyValueSimple, type SimpleOptions } from '../output/store-forms';

interface WatchOptions extends RangeFlags {
  readonly rev: string;
  readonly prevKv?: boolean;
  readonly progressNotify?: boolean;
}

export function addWatch(program: Command, runner: CommandRunner): void {
  const command = program.command('watch <key> [range_end]').description('print changes of a key or a range as they happen, until Ctrl-C')
    .option('--prefix', 'all keys with this prefix')
    .option('--from-key', 'all keys from this one on')
    .option('--rev <revision>', 'begin with this revision instead of now', '0')
    .option('--prev-kv', 'show what was there before')
    .option('--progress-notify', 'also print how far everything was told while nothing happens (format json)');
  runner.add<WatchOptions>(command, async (session, options, [key, rangeEnd]) => {
    const range = keyRangeOf(key as string, rangeEnd, options);
    const startRevision = parseCount('--rev', options.rev);
    const api = await session.api();
    const { prevKv = false, progressNotify = false } = options;
    const watch = await api.watch({ ...range, startRevision, prevKv, progressNotify }, { signal: session.signal });
    for await (const batch of watch) {
      if (batch.type === 'compacted') {
        throw new CliError(`etcdserver: mvcc: required revision has been compacted (the oldest one is ${batch.compactRevision})`, ExitCode.interrupted);
      }
      if (batch.type === 'cancelled') throw new CliError(batch.reason, ExitCode.interrupted);
      if (batch.type === 'events' || session.options.output === 'json') session.print(batchPresentation(batch, { hex: session.options.hex }));
    }
  });
}

/** One batch holds the changes of one revision. */
export function batchPresentation(batch: WatchBatch, options: SimpleOptions): Presentation {
  const events = batch.type === 'events' ? batch.events : [];
  return {
    simple: () => events.map((event) => eventSimple(event, options)).join(''),
    json: () => ({ type: batch.type, revision: batch.revision, events: events.map(eventJson) }),
    fields: () => events.flatMap((event) => [
      ['Type', typeOf(event)] as const, ...(event.prevKv ? keyValueFields(event.prevKv, 'Prev') : []), ...keyValueFields(event.kv),
    ]),
  };
}

function eventSimple(event: WatchEvent, options: SimpleOptions): string {
  return `${typeOf(event)}\n${event.prevKv ? keyValueSimple(event.prevKv, options) : ''}${keyValueSimple(event.kv, options)}`;
}

function eventJson({ type, kv, prevKv }: WatchEvent): Record<string, unknown> {
  return { type: type === EventType.DELETE ? type : undefined, kv: keyValueJson(kv), prev_kv: prevKv && keyValueJson(prevKv) };
}

function typeOf({ type }: WatchEvent): string {
  return type === EventType.DELETE ? 'DELETE' : 'PUT';
}
