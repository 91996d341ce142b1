import { type Change, EventType, type KeyValue, type WatchEvent } from '@quorate/api';
import type { Scope } from '@quorate/recipes';

/**
 * The JSON of changes, made once per change however many subscribers a topic has: a member's watches share the versions
 * that they hand out, and what a change says does not depend on who asked.
 */
export class ChangeEncoder {
  private readonly texts = new WeakMap<KeyValue, string>();

  /** `undefined`: the key is outside of the scope. A value that cannot be read counts as gone, as it does in a snapshot. */
  encode(scope: Scope<unknown, unknown>, event: WatchEvent): string | undefined {
    const key = scope.keyOf(event.kv.key);
    if (key === undefined) return undefined;
    const known = this.texts.get(event.kv);
    if (known !== undefined) return known;
    const revision = String(event.kv.modRevision);
    const value = event.type === EventType.PUT ? scope.valueOf(key, event.kv) : undefined;
    const change: Change<unknown, unknown> = value === undefined ? { op: 'delete', key, revision } : { op: 'put', key, value, revision };
    const text = JSON.stringify(change);
    this.texts.set(event.kv, text);
    return text;
  }
}
