import { ApiError } from '@quorate/api';
import { Backoff } from './backoff';
import type { CallScope } from './call-scope';
import { Connection } from './connection';
import type { Settings } from './options';

const RETRY_MS = { base: 50, max: 2000 };

/** The members known, and which of them is used: one at a time, the next one when it fails. */
export class EndpointSet {
  private readonly connections: readonly Connection[];
  private current: number;
  private lastReason = '';

  constructor(private readonly settings: Settings) {
    this.connections = settings.endpoints.map((endpoint) => new Connection(endpoint, settings));
    // Clients with the same list spread over its members.
    this.current = settings.random.int(this.connections.length);
  }

  get size(): number {
    return this.connections.length;
  }

  /**
   * A connection that calls can be sent on, tried member by member until the scope ends.
   * @param once give up after every member was tried
   * @throws ApiError `unreachable` with what each member said, or why the scope ended
   */
  async acquire(scope: CallScope, once = this.settings.failFast): Promise<Connection> {
    const preferred = this.connections[this.current] as Connection;
    if (preferred.isReady) return preferred;
    const backoff = new Backoff(this.settings.random, RETRY_MS.base, RETRY_MS.max);
    try {
      for (;;) {
        const found = await this.tryAll(scope);
        if (found) return found;
        if (once) throw this.unreachable();
        await scope.sleep(backoff.nextMs());
      }
    } catch (error) {
      // Nothing was sent, so a deadline that passes here leaves no doubt about a write.
      if (error instanceof ApiError && error.code === 'deadline_exceeded') throw this.unreachable();
      throw error;
    }
  }

  /** The member did not do what it should; the next call goes elsewhere. */
  avoid(connection: Connection): void {
    if (this.connections[this.current] === connection) this.current = (this.current + 1) % this.connections.length;
  }

  /** What was said when no member could be reached. */
  unreachable(): ApiError {
    return new ApiError('unreachable', this.lastReason === '' ? undefined : `no endpoint can be reached: ${this.lastReason}`);
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }

  private async tryAll(scope: CallScope): Promise<Connection | undefined> {
    const reasons: string[] = [];
    for (let tried = 0; tried < this.connections.length; tried++) {
      const at = this.current;
      const connection = this.connections[at] as Connection;
      try {
        await connection.ready(this.settings.dialTimeoutMs, scope);
        return connection;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'unreachable') throw error;
        reasons.push(`${connection.endpoint.text}: ${error.message}`);
        this.lastReason = reasons.join('; ');
        if (this.current === at) this.current = (at + 1) % this.connections.length;
      }
    }
    return undefined;
  }
}
