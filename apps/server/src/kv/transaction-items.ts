import { type Compare, CompareResult, CompareTarget, isName, PlatformError } from '@quorate/api';
import { bytesOfText, rangeOfSelection, type TransactionItem } from '@quorate/recipes';
import { ANONYMOUS } from '../rest/caller';
import type { TxnConditionBody, TxnItemBody } from './kv.dto';
import { selectionOf, singleKeyOf } from './selection';

const OPERATORS = { '==': CompareResult.EQUAL, '!=': CompareResult.NOT_EQUAL, '>': CompareResult.GREATER, '<': CompareResult.LESS } as const;
const FIELDS: Readonly<Record<TxnItemBody['op'], readonly string[]>> = {
  put: ['op', 'key', 'keyEncoding', 'value', 'encoding', 'leaseId'],
  get: ['op', 'key', 'prefix', 'keyEncoding'],
  delete: ['op', 'key', 'prefix', 'keyEncoding'],
  publish: ['op', 'namespace', 'group', 'key', 'content', 'format', 'comment', 'expectedVersion'],
};

/** A condition as the store compares. @param path where it stands, for faults */
export function compareOf(condition: TxnConditionBody, path: string): Compare {
  const { target, operator = '==', value, encoding = 'utf8' } = condition;
  const { key, rangeEnd } = rangeOfSelection(selectionOf(condition, `${path}.`));
  const common = { key, ...(rangeEnd !== '' && { rangeEnd }), result: OPERATORS[operator] };
  switch (target) {
    case 'version': return { ...common, target: CompareTarget.VERSION, version: wholeOf(value, path) };
    case 'createRevision': return { ...common, target: CompareTarget.CREATE, createRevision: wholeOf(value, path) };
    case 'modRevision': return { ...common, target: CompareTarget.MOD, modRevision: wholeOf(value, path) };
    case 'leaseId': return { ...common, target: CompareTarget.LEASE, lease: leaseOf(value, path) };
    case 'value': return { ...common, target: CompareTarget.VALUE, value: bytesOfText(value, encoding, `${path}.value`) };
  }
}

/** A step. @param path where it stands, for faults */
export function itemOf(item: TxnItemBody, path: string): TransactionItem {
  for (const [field, value] of Object.entries(item)) {
    if (value !== undefined && !FIELDS[item.op].includes(field)) throw new PlatformError('field_unknown', `${item.op} has no field ${field}`, `${path}.${field}`);
  }
  switch (item.op) {
    case 'put': {
      const value = bytesOfText(required(item.value, `${path}.value`), item.encoding ?? 'utf8', `${path}.value`);
      return { op: 'put', key: singleKeyOf(item, `${path}.`), value, lease: BigInt(item.leaseId ?? '0') };
    }
    case 'get': return { op: 'get', ...rangeOfSelection(selectionOf(item, `${path}.`)) };
    case 'delete': return { op: 'delete', ...rangeOfSelection(selectionOf(item, `${path}.`)) };
    case 'publish': return publishOf(item, path);
  }
}

function publishOf(item: TxnItemBody, path: string): TransactionItem {
  const config = { namespace: nameOf(item.namespace, `${path}.namespace`), group: nameOf(item.group, `${path}.group`), key: nameOf(item.key, `${path}.key`) };
  const { format = 'text', comment, expectedVersion } = item;
  return {
    op: 'publish', config,
    request: { content: required(item.content, `${path}.content`), format, comment, expectedVersion, publishedBy: ANONYMOUS },
  };
}

function nameOf(name: string | undefined, field: string): string {
  if (!isName(required(name, field))) throw new PlatformError('name_invalid', undefined, field);
  return name as string;
}

function required(text: string | undefined, field: string): string {
  if (text === undefined) throw new PlatformError('field_required', `${field} is required`, field);
  return text;
}

function wholeOf(text: string, path: string): number {
  if (!/^(0|[1-9][0-9]{0,14})$/.test(text)) throw new PlatformError('field_invalid', 'a decimal number as text', `${path}.value`);
  return Number(text);
}

function leaseOf(text: string, path: string): bigint {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text)) throw new PlatformError('field_invalid', 'a lease id as text; 0 for none', `${path}.value`);
  return BigInt(text);
}
