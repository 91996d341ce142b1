/** Something with a moment at which it wants attention. `atMs` is the heap's: change it only through the heap. */
export interface HeapItem {
  atMs: number;
}

/**
 * A binary heap of moments, soonest first. An item whose moment moved back (a renewed lease) is left where it is and set
 * right when it comes to the top: a renewal costs nothing here.
 */
export class DeadlineHeap<T extends HeapItem> {
  private items: T[] = [];

  get size(): number {
    return this.items.length;
  }

  peek(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    this.items.push(item);
    this.up(this.items.length - 1);
  }

  /** Takes all of them at once: linear, where pushing one by one is not. */
  fill(items: T[]): void {
    this.items = items;
    for (let at = (items.length >> 1) - 1; at >= 0; at--) this.down(at);
  }

  pop(): T | undefined {
    const top = this.items[0];
    const last = this.items.pop();
    if (top === undefined || last === undefined || this.items.length === 0) return top;
    this.items[0] = last;
    this.down(0);
    return top;
  }

  /** Gives the item at the top a later moment. */
  delayTop(atMs: number): void {
    const top = this.items[0];
    if (top === undefined) return;
    top.atMs = atMs;
    this.down(0);
  }

  clear(): void {
    this.items = [];
  }

  private up(start: number): void {
    const item = this.items[start] as T;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.items[parent] as T).atMs <= item.atMs) break;
      this.items[at] = this.items[parent] as T;
      at = parent;
    }
    this.items[at] = item;
  }

  private down(start: number): void {
    const { items } = this;
    const item = items[start] as T;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && (items[child + 1] as T).atMs < (items[child] as T).atMs) child++;
      if ((items[child] as T).atMs >= item.atMs) break;
      items[at] = items[child] as T;
      at = child;
    }
    items[at] = item;
  }
}
