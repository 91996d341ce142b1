import type { GrpcCode } from '@quorate/api';
import { allMethods, type MethodKind } from '@quorate/wire';

const CODES = 17;

/** Calls of one method, by what became of them. Plain numbers, written for every call. */
export class MethodCounts {
  started = 0;
  received = 0;
  sent = 0;
  /** By gRPC code. */
  readonly handled: number[] = new Array<number>(CODES).fill(0);

  constructor(readonly service: string, readonly method: string, readonly kind: MethodKind) {}

  /** Calls that have begun and not ended. */
  get underWay(): number {
    return this.handled.reduce((left, ended) => left - ended, this.started);
  }

  end(code: GrpcCode): void {
    (this.handled[code] as number)++;
  }
}

/** Counts of every method that there is, by path. */
export function countsByPath(): Map<string, MethodCounts> {
  return new Map(allMethods().map(({ path, service, name, kind }) => [path, new MethodCounts(service, name, kind)]));
}
