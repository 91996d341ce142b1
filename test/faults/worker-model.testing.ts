import { CompareResult, CompareTarget, type KeyValue, type RequestOp } from '@quorate/api';
import type { SeededRandom } from '@quorate/sim';
import { services } from '@quorate/wire';
import type { RawClient } from '../compat/raw-client.testing';

/** Longer than any run: leases end only where somebody revokes them. */
const TTL_SECONDS = 100_000;
const KEYS = 6;
/** gRPC's CANCELLED, INTERNAL (a stream that was reset) and UNAVAILABLE. */
const CONNECTION_BROKE = /: (1|13|14) /;
const LEASES = 2;

interface Held {
  readonly value: string;
  readonly lease: bigint;
  readonly modRevision: number;
}

/** What one worker knows to be in the store: its own keys and leases, which nobody else touches. */
export interface Known {
  readonly keys: ReadonlyMap<string, Held>;
  readonly leases: ReadonlySet<bigint>;
}

/** A change that was sent: what it makes of what was there, once its revision is known. */
interface Change {
  readonly what: string;
  send(client: RawClient): Promise<{ readonly header: { readonly revision: number } }>;
  apply(known: Known, revision: number): Known;
  /** False: it changes no key, so it takes no revision. */
  readonly revises: boolean;
}

/** An acknowledged change, as every watcher must see it. */
export interface Acknowledged {
  readonly revision: number;
  readonly key: string;
  /** `undefined`: deleted. */
  readonly value: string | undefined;
}

/**
 * One sequence of changes over a connection, on keys of its own. Values count up, so that each change can be told apart.
 * When the server dies at most one of its changes is in doubt: sent, and never answered.
 */
export class Worker {
  known: Known = { keys: new Map(), leases: new Set() };
  readonly acknowledged: Acknowledged[] = [];
  changes = 0;
  inDoubt: Change | undefined;
  private counter = 0;
  private refusal: string | undefined;

  constructor(readonly number: number, private readonly random: SeededRandom) {}

  get prefix(): string {
    return `w${this.number}/`;
  }

  /** Sends one change after the other until the connection breaks. Resolves then. */
  async work(client: RawClient): Promise<void> {
    for (;;) {
      const change = this.nextChange();
      this.inDoubt = change;
      let revision: number;
      try {
        ({ header: { revision } } = await change.send(client));
      } catch (error) {
        const { message } = error as Error;
        if (!CONNECTION_BROKE.test(message)) this.refusal = `${change.what}: ${message}`;
        return;
      }
      this.inDoubt = undefined;
      this.changes++;
      this.take(change, revision);
    }
  }

  /**
   * Compares what the server holds with what was acknowledged; the change in doubt may have happened.
   * @returns what is wrong, if anything is
   */
  settle(found: Known): string | undefined {
    const { inDoubt } = this;
    this.inDoubt = undefined;
    if (this.refusal !== undefined) return `worker ${this.number} was refused: ${this.refusal}`;
    const asAcknowledged = differenceOf(this.known, found);
    if (asAcknowledged === undefined) return undefined;
    if (inDoubt) {
      const revisions = new Set([0, ...[...found.keys.values()].map(({ modRevision }) => modRevision)]);
      for (const revision of revisions) {
        const possible = inDoubt.apply(this.known, revision);
        if (differenceOf(possible, found) !== undefined) continue;
        this.known = possible;
        return undefined;
      }
    }
    return `worker ${this.number}: ${asAcknowledged}; in doubt: ${inDoubt?.what ?? 'nothing'}`;
  }

  private take(change: Change, revision: number): void {
    const before = this.known;
    this.known = change.apply(before, revision);
    for (const [key, { value, modRevision }] of this.known.keys) if (modRevision === revision && change.revises) this.acknowledged.push({ revision, key, value });
    for (const key of before.keys.keys()) if (!this.known.keys.has(key)) this.acknowledged.push({ revision, key, value: undefined });
  }

  private nextChange(): Change {
    const draw = this.random.int(100);
    if (draw < 50) return this.put(this.anyLease());
    if (draw < 70) return this.pair();
    if (draw < 80) return this.remove();
    if (draw < 90) return this.grant();
    return this.revoke();
  }

  private put(lease: bigint): Change {
    const key = this.anyKey();
    const value = this.nextValue();
    return {
      what: `put ${key}`, revises: true,
      send: (client) => client.ask(services.KV.Put, { key, value: Buffer.from(value), lease }),
      apply: (known, revision) => ({ ...known, keys: new Map(known.keys).set(key, { value, lease, modRevision: revision }) }),
    };
  }

  /** Two keys in one transaction, on condition that the first is as this worker knows it. */
  private pair(): Change {
    const first = `${this.prefix}k0`;
    const second = `${this.prefix}k1`;
    const value = this.nextValue();
    const modRevision = this.known.keys.get(first)?.modRevision ?? 0;
    const put = (key: string): RequestOp => ({ type: 'put', request: { key, value: Buffer.from(value) } });
    return {
      what: 'transaction', revises: true,
      send: async (client) => {
        const response = await client.ask(services.KV.Txn, {
          compare: [{ key: first, result: CompareResult.EQUAL, target: CompareTarget.MOD, modRevision }],
          success: [put(first), put(second)], failure: [],
        });
        if (!response.succeeded) throw new Error(`${first} was not at revision ${modRevision}`);
        return response;
      },
      apply: (known, revision) => {
        const held: Held = { value, lease: 0n, modRevision: revision };
        return { ...known, keys: new Map(known.keys).set(first, held).set(second, held) };
      },
    };
  }

  private remove(): Change {
    const key = this.anyKey();
    return {
      what: `delete ${key}`, revises: true,
      send: (client) => client.ask(services.KV.DeleteRange, { key }),
      apply: (known) => ({ ...known, keys: new Map([...known.keys].filter(([one]) => one !== key)) }),
    };
  }

  private grant(): Change {
    const id = BigInt(this.number * LEASES + this.random.int(LEASES) + 1);
    if (this.known.leases.has(id)) return this.put(id);
    return {
      what: `grant ${id}`, revises: false,
      send: (client) => client.ask(services.Lease.LeaseGrant, { id, ttlSeconds: TTL_SECONDS }),
      apply: (known) => ({ ...known, leases: new Set([...known.leases, id]) }),
    };
  }

  private revoke(): Change {
    const id = this.anyLease();
    if (id === 0n) return this.put(0n);
    return {
      what: `revoke ${id}`, revises: true,
      send: (client) => client.ask(services.Lease.LeaseRevoke, { id }),
      apply: (known) => ({
        keys: new Map([...known.keys].filter(([, { lease }]) => lease !== id)), leases: new Set([...known.leases].filter((one) => one !== id)),
      }),
    };
  }

  private anyKey(): string {
    return `${this.prefix}k${this.random.int(KEYS)}`;
  }

  private anyLease(): bigint {
    const leases = [0n, ...this.known.leases];
    return leases[this.random.int(leases.length)] as bigint;
  }

  /** Mostly small, now and then longer than several sectors. */
  private nextValue(): string {
    const size = this.random.int(10) === 0 ? this.random.int(20_000) : this.random.int(100);
    return `${++this.counter}:${'x'.repeat(size)}`;
  }
}

export function heldOf({ value, lease, modRevision }: KeyValue): Held {
  return { value: value.toString(), lease, modRevision };
}

function differenceOf(expected: Known, found: Known): string | undefined {
  for (const [key, held] of expected.keys) {
    const other = found.keys.get(key);
    if (!other) return `${key} of revision ${held.modRevision} is gone`;
    if (other.modRevision !== held.modRevision || other.value !== held.value || other.lease !== held.lease) {
      return `${key} is ${shortly(other)}, acknowledged was ${shortly(held)}`;
    }
  }
  for (const [key, held] of found.keys) if (!expected.keys.has(key)) return `${key} (${shortly(held)}) should not be there`;
  for (const id of expected.leases) if (!found.leases.has(id)) return `lease ${id} is gone`;
  for (const id of found.leases) if (!expected.leases.has(id)) return `lease ${id} should not be there`;
  return undefined;
}

function shortly({ value, lease, modRevision }: Held): string {
  return `${value.slice(0, 12)} at ${modRevision} with lease ${lease}`;
}
