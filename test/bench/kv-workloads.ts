import type { CellSpec } from './cell';
import type { Connection } from './connection';
import {
  comparePutRequest,
  isSingleKeyAnswer,
  isSucceededTxn,
  Method,
  putRequest,
  rangeRequest,
  responseRevision,
} from './etcd-messages';
import type { Meter } from './meter';
import { callAll, UnaryLoop, type UnaryOperation, type Workload } from './workload';

export const VALUE_BYTES = 256;
const KEY_SPACE = 100_000;
/** Keys that exist for the reading workloads: a random one is read each time. */
const READ_KEYS = 1_000;
const KEY_BYTES = 8;
/** A key is 'k' and seven decimal digits, of which at most five are ever other than zero. */
const KEY_PATTERN = 'k0000000';
const PREPARE_IN_FLIGHT = 64;
const CHARACTER_ZERO = 48;

/** Marsaglia's xorshift32: even enough to pick keys, reproducible, and a few instructions. */
export class KeyPicker {
  private state: number;

  constructor(
    seed: number,
    private readonly keys: number,
  ) {
    this.state = seed | 0 || 1;
  }

  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return (x >>> 0) % this.keys;
  }
}

/** Bytes of key number `index`. */
export function keyBytes(index: number): Buffer {
  return Buffer.from('k' + String(index).padStart(KEY_BYTES - 1, '0'), 'latin1');
}

/** A value of `VALUE_BYTES` that does not compress to nothing. */
export function valueBytes(seed: number): Buffer {
  const picker = new KeyPicker(seed, 256);
  return Buffer.from(Array.from({ length: VALUE_BYTES }, () => picker.next()));
}

/** A request made once, in which only the key changes from call to call, at every place where it stands. */
class KeyedTemplate {
  private readonly digitsEnd: number[] = [];

  constructor(private readonly template: Buffer) {
    for (let at = template.indexOf(KEY_PATTERN); at >= 0; at = template.indexOf(KEY_PATTERN, at + KEY_BYTES)) {
      this.digitsEnd.push(at + KEY_BYTES - 1);
    }
  }

  withKey(index: number): Buffer {
    for (const end of this.digitsEnd) {
      let rest = index;
      for (let digit = 0; digit < 5; digit++) {
        const quotient = (rest / 10) | 0;
        this.template[end - digit] = CHARACTER_ZERO + rest - quotient * 10;
        rest = quotient;
      }
    }
    return this.template;
  }
}

/** An operation on a key that `pick` chooses. */
function keyedOperation(
  path: string,
  template: Buffer,
  pick: () => number,
  accepts: UnaryOperation['accepts'],
): UnaryOperation {
  const keyed = new KeyedTemplate(template);
  return { path, request: () => keyed.withKey(pick()), accepts };
}

const isWritten: UnaryOperation['accepts'] = (bytes, start, end) => responseRevision(bytes, start, end) > 1;
const isFound: UnaryOperation['accepts'] = (bytes, start, end) => isSingleKeyAnswer(bytes, start, end, VALUE_BYTES);

/** The store's present revision, by a linearizable range of one key. */
export async function currentRevision(connection: Connection): Promise<number> {
  let revision = 0;
  const request = rangeRequest(keyBytes(0), false);
  const accepts: UnaryOperation['accepts'] = (bytes, start, end) => {
    revision = responseRevision(bytes, start, end);
    return revision > 0;
  };
  await callAll(connection, { path: Method.range, request: () => request, accepts }, 1);
  return revision;
}

/** Puts or transactions over the key space; the store's revision must have grown by exactly the acknowledged writes. */
export class WriteWorkload implements Workload {
  private readonly loop: UnaryLoop;
  private revisionBefore = 0;

  constructor(
    private readonly spec: CellSpec,
    private readonly connections: readonly Connection[],
    private readonly meter: Meter,
  ) {
    const picker = new KeyPicker(spec.seed, KEY_SPACE);
    const pick = (): number => picker.next();
    const value = valueBytes(spec.seed);
    const operation =
      spec.workload === 'txn'
        ? keyedOperation(Method.txn, comparePutRequest(keyBytes(0), value), pick, isSucceededTxn)
        : keyedOperation(Method.put, putRequest(keyBytes(0), value), pick, isWritten);
    this.loop = new UnaryLoop(connections, spec.shape.inFlight, operation, meter);
  }

  async prepare(): Promise<void> {
    this.revisionBefore = await currentRevision(this.connections[0]);
  }

  start(): void {
    this.loop.start();
  }

  stop(): void {
    this.loop.stop();
  }

  get outstanding(): number {
    return this.loop.outstanding;
  }

  async verify(): Promise<void> {
    const grown = (await currentRevision(this.connections[0])) - this.revisionBefore;
    const acknowledged = this.loop.accepted;
    const uncertain = this.meter.errorCount;
    if (grown < acknowledged || (this.spec.exclusive && grown > acknowledged + uncertain)) {
      this.meter.fault(`${acknowledged} writes acknowledged, but the revision grew by ${grown}`);
    }
  }
}

/** Reads of single existing keys, linearizable or serializable. */
export class ReadWorkload implements Workload {
  private readonly loop: UnaryLoop;

  constructor(
    private readonly spec: CellSpec,
    private readonly connections: readonly Connection[],
    meter: Meter,
  ) {
    const picker = new KeyPicker(spec.seed, READ_KEYS);
    const request = rangeRequest(keyBytes(0), spec.workload === 'srange');
    this.loop = new UnaryLoop(
      connections,
      spec.shape.inFlight,
      keyedOperation(Method.range, request, () => picker.next(), isFound),
      meter,
    );
  }

  async prepare(): Promise<void> {
    let index = 0;
    const request = putRequest(keyBytes(0), valueBytes(this.spec.seed));
    const writeEach = keyedOperation(Method.put, request, () => index++, isWritten);
    await callAll(this.connections[0], writeEach, READ_KEYS, PREPARE_IN_FLIGHT);
  }

  start(): void {
    this.loop.start();
  }

  stop(): void {
    this.loop.stop();
  }

  get outstanding(): number {
    return this.loop.outstanding;
  }

  verify(): Promise<void> {
    return Promise.resolve();
  }
}
