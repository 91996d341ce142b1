import { ApiError, type ErrorCode, type ResponseHeader, type ResponseOp, type TxnRequest, type TxnResponse } from '@quorate/api';
import { type RangeReader, SLICES_AT_ONCE } from './range-reader';
import type { RowHolds } from './row-holds';
import { runSteps, type Steps } from './steps';
import { choosePath, TxnExecution, type TxnPath } from './txn';
import type { Versions } from './versions';

/** A read-only transaction under way; everything in it is read at one revision. */
interface Begun {
  readonly revision: number;
  readonly path: TxnPath;
  readonly execution: TxnExecution;
  readonly steps: Steps<ResponseOp[]>;
}

/** Reads transactions without writes: at once where they are small, in later turns at the same revision where not. */
export class TxnReader {
  constructor(
    private readonly versions: Versions,
    private readonly ranges: RangeReader,
    private readonly holds: RowHolds,
    private readonly nextTurn: () => Promise<void>,
    private readonly header: (revision: number) => ResponseHeader,
    private readonly currentRevision: () => number,
    private readonly refusal: (path: TxnPath) => ErrorCode | undefined,
  ) {}

  read(request: TxnRequest): TxnResponse | Promise<TxnResponse> {
    const begun = this.begin(request);
    for (let slice = 0; slice < SLICES_AT_ONCE; slice++) {
      const step = begun.steps.next();
      if (step.done) return this.finish(begun, step.value);
    }
    return this.inTurns(request, begun);
  }

  /** Conditions are evaluated in one pass: they need the present values, which only the present surely has in memory. */
  private begin(request: TxnRequest): Begun {
    const revision = this.currentRevision();
    const path = runSteps(choosePath(this.versions, request, revision));
    this.refuse(path);
    const execution = new TxnExecution(this.versions, revision, undefined, true);
    return { revision, path, execution, steps: execution.run(path) };
  }

  private finish({ revision, path, execution }: Begun, responses: readonly ResponseOp[]): TxnResponse | Promise<TxnResponse> {
    const response: TxnResponse = { header: this.header(revision), succeeded: path.succeeded, responses };
    return execution.fills.length === 0 ? response : this.ranges.fill(response, execution.fills);
  }

  private async inTurns(request: TxnRequest, first: Begun): Promise<TxnResponse> {
    const hold = this.holds.hold();
    try {
      let begun = first;
      for (;;) {
        await this.nextTurn();
        // A read of the present is as good at a later revision; one of the past is not.
        if (begun.revision < this.versions.compactedRevision) begun = this.begin(request);
        else this.refuse(begun.path);
        const step = begun.steps.next();
        if (step.done) return await this.finish(begun, step.value);
      }
    } finally {
      this.holds.release(hold);
    }
  }

  private refuse(path: TxnPath): void {
    const error = this.refusal(path);
    if (error !== undefined) throw new ApiError(error);
  }
}
