import { type ByteString, type KeyValue, type ResponseHeader, textOf } from '@quorate/api';
import type { Field } from './presentation';
import { hexText } from './quoted';

/** The forms that every answer of the store is made of: names and the fields left out are those of etcdctl. */

const orAbsent = <T extends number | bigint>(value: T): T | undefined => (value === 0 || value === 0n ? undefined : value);

export function headerJson({ clusterId, memberId, revision, raftTerm }: ResponseHeader): Record<string, unknown> {
  return { cluster_id: orAbsent(clusterId), member_id: orAbsent(memberId), revision: orAbsent(revision), raft_term: orAbsent(raftTerm) };
}

export function headerFields({ clusterId, memberId, revision, raftTerm }: ResponseHeader): readonly Field[] {
  return [['ClusterID', clusterId], ['MemberID', memberId], ['Revision', revision], ['RaftTerm', raftTerm]];
}

const base64 = (bytes: ByteString | Buffer): string => (typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes).toString('base64');

export function keyJson(key: ByteString): string {
  return base64(key);
}

export function keyValueJson({ key, createRevision, modRevision, version, value, lease }: KeyValue): Record<string, unknown> {
  return {
    key: base64(key), create_revision: orAbsent(createRevision), mod_revision: orAbsent(modRevision), version: orAbsent(version),
    value: value.length === 0 ? undefined : base64(value), lease: orAbsent(lease),
  };
}

/** @param prefix `Prev` for the version before */
export function keyValueFields(kv: KeyValue, prefix = ''): readonly Field[] {
  return [
    [`${prefix}Key`, kv.key], [`${prefix}CreateRevision`, kv.createRevision], [`${prefix}ModRevision`, kv.modRevision],
    [`${prefix}Version`, kv.version], [`${prefix}Value`, kv.value.latin1Slice()], [`${prefix}Lease`, kv.lease],
  ];
}

export interface SimpleOptions {
  readonly hex: boolean;
  readonly keysOnly?: boolean;
  readonly valuesOnly?: boolean;
}

/** The key on one line and the value on the next. */
export function keyValueSimple(kv: Pick<KeyValue, 'key' | 'value'>, { hex, keysOnly, valuesOnly }: SimpleOptions): ByteString {
  const value = keysOnly ? '' : kv.value.latin1Slice();
  const shown = (bytes: ByteString): ByteString => (hex ? hexText(bytes) : bytes);
  return `${valuesOnly ? '' : `${shown(kv.key)}\n`}${shown(value)}\n`;
}

export const KEY_VALUE_HEAD = ['KEY', 'VALUE', 'VERSION', 'CREATED', 'MODIFIED', 'LEASE'] as const;
const CELL_CHARS_MAX = 60;

export function keyValueRow(kv: KeyValue, { hex, keysOnly }: SimpleOptions): readonly string[] {
  const shown = (bytes: ByteString): string => cell(hex ? hexText(bytes) : textOf(bytes));
  return [
    shown(kv.key), keysOnly ? '' : shown(kv.value.latin1Slice()), `${kv.version}`, `${kv.createRevision}`, `${kv.modRevision}`,
    kv.lease === 0n ? '' : leaseIdText(kv.lease),
  ];
}

/** What fits on one line of a table. */
function cell(text: string): string {
  const shown = text.replace(/[\p{Cc}\p{Cf}]/gu, '·');
  return shown.length > CELL_CHARS_MAX ? `${shown.slice(0, CELL_CHARS_MAX - 1)}…` : shown;
}

/** Lease ids are written in hexadecimal; negative ones as the 64 bits that they are. */
export function leaseIdText(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16).padStart(16, '0');
}

export function memberIdText(id: bigint): string {
  return id.toString(16);
}

/** `20 kB`, with two digits where the number is small. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit > 0 && size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[unit] as string}`;
}
