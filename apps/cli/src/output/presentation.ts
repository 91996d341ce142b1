import { type ByteString, byteStringOf } from '@quorate/api';
import { CliError, ExitCode } from '../cli-error';
import { jsonText } from './json-text';
import { quoted } from './quoted';
import { type Table, tableText } from './table';

export const OUTPUT_FORMATS = ['simple', 'json', 'table', 'fields'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** One line of the `fields` format; text is quoted, numbers are not. See `BLANK_LINE`. */
export type Field = readonly [name: string, value: string | number | bigint | boolean];

/** Ends one of several objects in the `fields` format. */
export const BLANK_LINE: Field = ['', ''];

/** A result in every format; only the one asked for is made. Text that came from the store is carried as bytes. */
export interface Presentation {
  /** Whole lines. */
  simple(): ByteString;
  json(): unknown;
  fields?(): readonly Field[];
  table?(): Table;
}

/** @throws CliError where the result has no such form */
export function presented(presentation: Presentation, format: OutputFormat): Buffer {
  switch (format) {
    case 'simple': return Buffer.from(presentation.simple(), 'latin1');
    case 'json': return Buffer.from(`${jsonText(presentation.json())}\n`);
    case 'table':
      if (presentation.table) return Buffer.from(tableText(presentation.table()));
      break;
    case 'fields':
      if (presentation.fields) return Buffer.from(fieldsText(presentation.fields()));
  }
  throw new CliError(`${format} is not supported as the output format of this command`, ExitCode.badFeature);
}

/** Lines of plain text as bytes. */
export function lines(...texts: readonly string[]): ByteString {
  return texts.map((text) => `${byteStringOf(text)}\n`).join('');
}

function fieldsText(fields: readonly Field[]): string {
  return fields.map(([name, value]) => (name === '' ? '\n' : `"${name}" : ${typeof value === 'string' ? quoted(value) : value}\n`)).join('');
}
