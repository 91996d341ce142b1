const SLOT_MS = 10;
const SLOTS = 1024;

/** Something with a deadline; the links are the wheel's. */
export interface DeadlineEntry {
  deadlineMs: number;
  deadlineNext: DeadlineEntry | undefined;
  deadlinePrevious: DeadlineEntry | undefined;
  expire(): void;
}

/**
 * The deadlines of all calls: nearly every call has one, and nearly none meets it, so that adding and removing cost a few
 * assignments and no timer. A deadline is found at most one slot (10 ms) late. Times are of one clock, in milliseconds.
 */
export class DeadlineWheel {
  private readonly slots: (DeadlineEntry | undefined)[] = new Array<DeadlineEntry | undefined>(SLOTS).fill(undefined);
  private count = 0;
  /** No entry is due before this; Infinity: there is none. */
  private dueMs = Infinity;
  /** All slots before this one were looked at. */
  private position = 0;

  get size(): number {
    return this.count;
  }

  add(entry: DeadlineEntry, deadlineMs: number, nowMs: number): void {
    if (this.count === 0) this.position = Math.floor(nowMs / SLOT_MS);
    // A slot is looked at when its time is over, so that nothing expires early.
    entry.deadlineMs = Math.max(deadlineMs, this.position * SLOT_MS);
    const slot = slotOf(entry.deadlineMs);
    const first = this.slots[slot];
    entry.deadlineNext = first;
    entry.deadlinePrevious = undefined;
    if (first !== undefined) first.deadlinePrevious = entry;
    this.slots[slot] = entry;
    this.count++;
    if (entry.deadlineMs < this.dueMs) this.dueMs = entry.deadlineMs;
  }

  /** Harmless for an entry that is not in the wheel. */
  remove(entry: DeadlineEntry): void {
    const { deadlinePrevious: previous, deadlineNext: next } = entry;
    const slot = slotOf(entry.deadlineMs);
    if (previous === undefined && this.slots[slot] !== entry) return;
    if (previous === undefined) this.slots[slot] = next;
    else previous.deadlineNext = next;
    if (next !== undefined) next.deadlinePrevious = previous;
    entry.deadlineNext = undefined;
    entry.deadlinePrevious = undefined;
    this.count--;
  }

  /** Expires what is due. */
  advance(nowMs: number): void {
    const end = Math.floor(nowMs / SLOT_MS);
    const first = Math.max(this.position, end - SLOTS);
    this.position = end;
    for (let slot = first; slot < end && this.count > 0; slot++) this.expireSlot(slot % SLOTS, end * SLOT_MS);
    this.dueMs = this.firstUsedMs();
  }

  private firstUsedMs(): number {
    if (this.count === 0) return Infinity;
    let slot = this.position;
    while (this.slots[slot % SLOTS] === undefined) slot++;
    return slot * SLOT_MS;
  }

  /** When `advance` is to be called; Infinity while the wheel is empty. */
  get nextMs(): number {
    return this.dueMs + SLOT_MS;
  }

  /** Of several rounds, a slot holds the entries of all: those of later ones stay. */
  private expireSlot(slot: number, beforeMs: number): void {
    const due: DeadlineEntry[] = [];
    for (let entry = this.slots[slot]; entry !== undefined; entry = entry.deadlineNext) if (entry.deadlineMs < beforeMs) due.push(entry);
    for (const entry of due) this.remove(entry);
    for (const entry of due) entry.expire();
  }
}

function slotOf(deadlineMs: number): number {
  return Math.floor(deadlineMs / SLOT_MS) % SLOTS;
}
