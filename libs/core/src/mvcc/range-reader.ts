import { ApiError, type RangeRequest, type RangeResponse, type ResponseHeader, type TxnResponse } from '@quorate/api';
import { find, findOne, type Found, isFiltered, rangeResponse, versionsWanted } from './range';
import type { RowHolds } from './row-holds';
import type { Steps } from './steps';
import type { Fill } from './txn';
import type { VersionLoader } from './version-loader';
import type { Versions } from './versions';

/** Slices of a read that are done at once before it goes on in later turns: 5000 keys, one or two milliseconds. */
export const SLICES_AT_ONCE = 5;

/** Reads ranges at the published revision or an older one. */
export class RangeReader {
  constructor(
    private readonly versions: Versions,
    private readonly loader: VersionLoader,
    private readonly holds: RowHolds,
    private readonly nextTurn: () => Promise<void>,
    private readonly header: (revision: number) => ResponseHeader,
    private readonly currentRevision: () => number,
  ) {}

  /** One key. The revision was checked. */
  one(request: RangeRequest): RangeResponse | Promise<RangeResponse> {
    const current = this.currentRevision();
    const asked = request.revision ?? 0;
    const { versions } = this;
    if (asked <= 0 && !request.countOnly && !request.keysOnly && !isFiltered(request)) {
      const kv = versions.valid(request.key, current);
      return { header: this.header(current), kvs: kv === undefined ? [] : [kv], more: false, count: kv === undefined ? 0 : 1 };
    }
    const found = findOne(versions, request.key, asked > 0 ? asked : current, request.countOnly ? 0 : 1);
    if (found.missing.length === 0) return rangeResponse(request, found, this.header(current));
    return this.afterLoading(request, found, asked, current);
  }

  /** Many keys: at once where they are few and in memory, in later turns at the same revision where not. */
  many(request: RangeRequest): RangeResponse | Promise<RangeResponse> {
    const current = this.currentRevision();
    const asked = request.revision ?? 0;
    const steps = this.steps(request, asked > 0 ? asked : current);
    for (let slice = 0; slice < SLICES_AT_ONCE; slice++) {
      const step = steps.next();
      if (!step.done) continue;
      if (step.value.missing.length === 0) return rangeResponse(request, step.value, this.header(current));
      return this.afterLoading(request, step.value, asked, current);
    }
    return this.inTurns(request, steps, asked, current);
  }

  /** Completes a transaction whose historical ranges wait for the backend; their rows are held from now on. */
  fill(response: TxnResponse, fills: readonly Fill[]): Promise<TxnResponse> {
    const hold = this.holds.hold();
    return this.fillHeld(response, fills).finally(() => this.holds.release(hold));
  }

  private async fillHeld(response: TxnResponse, fills: readonly Fill[]): Promise<TxnResponse> {
    for (const { request, found, header, responses, position } of fills) {
      await this.load(found);
      responses[position] = { type: 'range', response: rangeResponse(request, found, header) };
    }
    return response;
  }

  private steps(request: RangeRequest, revision: number): Steps<Found> {
    return find(this.versions, request.key, request.rangeEnd, revision, versionsWanted(request));
  }

  private async afterLoading(request: RangeRequest, found: Found, asked: number, current: number): Promise<RangeResponse> {
    const hold = this.holds.hold();
    try {
      await this.load(found);
      this.refuseCompacted(asked);
      return rangeResponse(request, found, this.header(current));
    } finally {
      this.holds.release(hold);
    }
  }

  private async inTurns(request: RangeRequest, begun: Steps<Found>, asked: number, begunAt: number): Promise<RangeResponse> {
    const hold = this.holds.hold();
    try {
      let steps = begun;
      let current = begunAt;
      for (;;) {
        await this.nextTurn();
        this.refuseCompacted(asked);
        if (asked <= 0 && current < this.versions.compactedRevision) {
          // A read of the present is as good at a later revision.
          current = this.currentRevision();
          steps = this.steps(request, current);
        }
        const step = steps.next();
        if (!step.done) continue;
        await this.load(step.value);
        this.refuseCompacted(asked);
        return rangeResponse(request, step.value, this.header(current));
      }
    } finally {
      this.holds.release(hold);
    }
  }

  /** @param asked the revision that the caller named; 0 or less for none */
  private refuseCompacted(asked: number): void {
    if (asked > 0 && asked < this.versions.compactedRevision) throw new ApiError('compacted');
  }

  private async load(found: Found): Promise<void> {
    const loaded = await this.loader.load(found.missingIds);
    for (let at = 0; at < loaded.length; at++) {
      const version = loaded[at];
      if (version === undefined) throw new ApiError('internal', `the backend has lost the version ${found.missingIds[at].main}/${found.missingIds[at].sub}`);
      found.versions[found.missing[at]] = version;
    }
  }
}
