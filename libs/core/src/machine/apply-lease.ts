import type { ByteString, ResponseHeader } from '@quorate/api';
import type { LeaseTable } from '../lease/lease-table';
import { sortKeys } from '../lease/sorted-keys';
import { SLICE_KEYS, type Steps } from '../mvcc/steps';
import type { MvccStore } from '../mvcc/store';
import type { CommandResult } from './applied';
import type { CommandBody } from './command';

type LeaseCommand<T extends CommandBody['type']> = CommandBody & { readonly type: T };

const DONE: CommandResult = { type: 'done' };

/** What lease commands need of the machine. Neither the leases nor the store know of each other. */
export interface LeaseContext {
  readonly leases: LeaseTable;
  readonly store: MvccStore;
  header(): ResponseHeader;
}

export function applyLeaseGrant(context: LeaseContext, command: LeaseCommand<'leaseGrant'>, index: number): CommandResult {
  const { id, ttlSeconds } = command;
  const error = context.leases.grant(id, ttlSeconds, index);
  if (error !== undefined) return { type: 'refused', error };
  return { type: 'leaseGrant', response: { header: context.header(), id, ttlSeconds } };
}

/** Deletes the lease's keys in one revision, in byte order, and the lease. */
export function* applyLeaseRevoke(context: LeaseContext, command: LeaseCommand<'leaseRevoke'>): Steps<CommandResult> {
  if (!context.leases.has(command.id)) return { type: 'refused', error: 'lease_unknown' };
  yield* endLeases(context, [command.id]);
  return { type: 'leaseRevoke', response: { header: context.header() } };
}

/**
 * Ends the leases that the leader of this very term found expired, and whose epoch it saw; all their keys go in one
 * revision. A leader that was paused past its term may have seen leases expire that were renewed under another one.
 */
export function* applyLeaseExpire(context: LeaseContext, command: LeaseCommand<'leaseExpire'>, term: number): Steps<CommandResult> {
  if (command.term !== term) return DONE;
  const ids = new Set<bigint>();
  for (const { id, renewalEpoch } of command.leases) if (context.leases.atEpoch(id, renewalEpoch) !== undefined) ids.add(id);
  yield* endLeases(context, [...ids]);
  return DONE;
}

/** Void like an expiry: an older checkpoint must not take away what a later renewal gave. */
export function applyLeaseCheckpoint(context: LeaseContext, command: LeaseCommand<'leaseCheckpoint'>, term: number): CommandResult {
  if (command.term !== term) return DONE;
  for (const { id, renewalEpoch, remainingSeconds } of command.leases) {
    if (context.leases.atEpoch(id, renewalEpoch) !== undefined) context.leases.checkpoint(id, remainingSeconds);
  }
  return DONE;
}

export function applyLeaseClear(context: LeaseContext, command: LeaseCommand<'leaseClear'>, index: number): CommandResult {
  for (const id of command.ids) context.leases.clear(id, index);
  return DONE;
}

function* endLeases({ leases, store }: LeaseContext, ids: readonly bigint[]): Steps<void> {
  const keys: ByteString[] = [];
  for (const id of ids) {
    for (const key of leases.unsortedKeysOf(id)) if (keys.push(key) % SLICE_KEYS === 0) yield;
  }
  if (keys.length > 0) yield* store.deleteKeys(yield* sortKeys(keys));
  for (const id of ids) leases.remove(id);
}
