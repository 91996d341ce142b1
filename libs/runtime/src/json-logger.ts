import type { LogFields, Logger } from '@quorate/core';
import { LogSink } from './log-sink';

const severities = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 } as const;

export type LogLevel = keyof typeof severities;

export interface JsonLoggerOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  readonly format: 'json' | 'console';
  /** `stderr`, `default` (the same), `stdout`, or paths of files that are appended to. */
  readonly outputs: readonly string[];
}

/**
 * Log lines as etcd's zap writes them: `{"level":"info","ts":"…","msg":"…",…}`, or with the format `console` the same
 * separated by tabs. A slow reader of a pipe holds up nothing; what waits is written when the process exits.
 */
export class JsonLogger implements Logger {
  private readonly atExit = (): void => this.flush();

  private constructor(private readonly lowest: number, private readonly format: 'json' | 'console', private readonly sinks: readonly LogSink[]) {
    process.on('exit', this.atExit);
  }

  /** @throws Error when an output cannot be opened */
  static open({ level, format, outputs }: JsonLoggerOptions): JsonLogger {
    return new JsonLogger(severities[level], format, outputs.map((output) => LogSink.open(output)));
  }

  debug(message: string, fields?: LogFields): void {
    this.log('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.log('error', message, fields);
  }

  /** The reason why the process ends now; the caller ends it. */
  fatal(message: string, fields?: LogFields): void {
    this.log('fatal', message, fields);
  }

  /** Writes what waits for slow readers; gives up one that takes nothing for some seconds. */
  flush(): void {
    for (const sink of this.sinks) sink.flush();
  }

  close(): void {
    process.removeListener('exit', this.atExit);
    for (const sink of this.sinks) sink.close();
  }

  private log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (severities[level] < this.lowest) return;
    const line = this.lineOf(level, message, fields);
    for (const sink of this.sinks) {
      sink.write(line);
      this.confessDropped(sink);
    }
  }

  private confessDropped(sink: LogSink): void {
    if (!sink.hasRoom) return;
    const dropped = sink.takeDropped();
    if (dropped > 0) sink.write(this.lineOf('warn', 'log lines were dropped: their reader was too slow', { 'dropped-lines': dropped }));
  }

  private lineOf(level: LogLevel, message: string, fields: LogFields): string {
    const ts = timestamp(new Date());
    if (this.format === 'json') return `${JSON.stringify({ level, ts, msg: message, ...withoutReserved(fields) })}\n`;
    const details = JSON.stringify(fields);
    const text = message.replaceAll('\n', '\\n');
    return details === '{}' ? `${ts}\t${level}\t${text}\n` : `${ts}\t${level}\t${text}\t${details}\n`;
  }
}

/** A field that bears the name of one of the line's own keeps its value under `<name>_field`. */
function withoutReserved(fields: LogFields): LogFields {
  if (!('level' in fields || 'ts' in fields || 'msg' in fields)) return fields;
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => (
    name === 'level' || name === 'ts' || name === 'msg' ? [`${name}_field`, value] : [name, value]
  )));
}

/** RFC 3339 in local time, with milliseconds; `Z` where that is UTC. */
function timestamp(date: Date): string {
  const offsetMinutes = -date.getTimezoneOffset();
  if (offsetMinutes === 0) return date.toISOString();
  const local = new Date(date.getTime() + offsetMinutes * 60_000).toISOString().slice(0, -1);
  const size = Math.abs(offsetMinutes);
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
