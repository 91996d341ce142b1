import { ApiError, type Clock, MAX_APPLY_BACKLOG_ENTRIES, type Random } from '@quorate/api';
import { violated } from '../base/assert';
import type { CommandResponse, CommandResult } from '../machine/applied';
import { type CommandBody, encodeCommand } from '../machine/command';
import type { Waiters } from './waiters';

/** Ids of one run of one member count up from a random start, so that those of an earlier run meet no waiter. */
const PROPOSAL_ID_RUN_BITS = 20;
const PROPOSAL_IDS_PER_RUN = 2 ** 32;

/** What stands between a proposal and the log. */
export interface ProposalGate {
  /** Committed entries that are not applied yet. */
  readonly backlog: number;
  /** Bytes of applied effects that the store has not taken yet. */
  readonly pendingBytes: number;
  propose(command: Buffer): void;
}

export interface ProposerLimits {
  readonly maxRequestBytes: number;
  readonly pendingBytesMax: number;
}

/** Turns commands into entries of the log, and waits for what becomes of them. */
export class Proposer {
  private readonly firstId: number;
  private count = 0;

  constructor(
    private readonly gate: ProposalGate,
    private readonly waiters: Waiters,
    private readonly clock: Clock,
    private readonly limits: ProposerLimits,
    random: Random,
  ) {
    this.firstId = random.int(2 ** PROPOSAL_ID_RUN_BITS) * PROPOSAL_IDS_PER_RUN + 1;
  }

  /**
   * Resolves with the result of the command once it is applied on this member.
   * @throws ApiError `request_too_large`, `too_many_requests`, `no_space` or `no_leader` (certainly not applied),
   * `timeout`, `cancelled` or `stopped` (outcome unknown)
   */
  submit(body: CommandBody, signal?: AbortSignal): Promise<CommandResult> {
    if (signal?.aborted) throw new ApiError('cancelled');
    const proposalId = this.firstId + this.count++;
    const command = encodeCommand({ ...body, proposalId });
    if (command.length > this.limits.maxRequestBytes) throw new ApiError('request_too_large');
    if (this.gate.backlog > MAX_APPLY_BACKLOG_ENTRIES || this.gate.pendingBytes > this.limits.pendingBytesMax) {
      throw new ApiError('too_many_requests');
    }
    this.gate.propose(command);
    return this.waiters.park(proposalId, this.clock.monotonicMs(), signal);
  }

  /** Like `submit`, for commands that nobody waits for. */
  submitUnwatched(body: CommandBody): void {
    this.gate.propose(encodeCommand({ ...body, proposalId: 0 }));
  }
}

type ResponseOf<T extends CommandResponse['type']> =
  Extract<CommandResponse, { readonly type: T; readonly response: unknown }>['response'];

/** The response in a result of this type. @throws ApiError where the command was refused */
export function responseOf<T extends CommandResponse['type']>(result: CommandResult, type: T): ResponseOf<T> {
  if (result.type === 'refused') throw new ApiError(result.error);
  if (result.type !== type || !('response' in result)) violated(`a ${type} was answered by ${result.type}`);
  return result.response as ResponseOf<T>;
}
