import type {
  AlarmResponse, CompactResponse, DeleteRangeResponse, ErrorCode, LeaseGrantResponse, LeaseRevokeResponse, MemberListResponse,
  PutResponse, TxnResponse,
} from '@quorate/api';

/** What a command answers when it was carried out. */
export type CommandResponse =
  | { readonly type: 'put'; readonly response: PutResponse }
  | { readonly type: 'deleteRange'; readonly response: DeleteRangeResponse }
  | { readonly type: 'txn'; readonly response: TxnResponse }
  | { readonly type: 'compact'; readonly response: CompactResponse }
  | { readonly type: 'leaseGrant'; readonly response: LeaseGrantResponse }
  | { readonly type: 'leaseRevoke'; readonly response: LeaseRevokeResponse }
  | { readonly type: 'alarm'; readonly response: AlarmResponse }
  | { readonly type: 'membership'; readonly response: MemberListResponse }
  /** Commands that nobody but the member itself asks for. */
  | { readonly type: 'done' };

/** It was not carried out; every member found so for the same reason. */
export interface Refusal {
  readonly type: 'refused';
  readonly error: ErrorCode;
}

export type CommandResult = CommandResponse | Refusal;

/** A promise where a transaction read history, which only the store behind has; the transaction itself is done. */
export type EventualResult = CommandResult | Promise<CommandResult>;
