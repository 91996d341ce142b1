import type { ByteString } from '@quorate/api';

/** End of a range without end; no key is larger. */
type RangeEnd = ByteString | undefined;

interface Node<T> {
  readonly from: ByteString;
  readonly to: RangeEnd;
  readonly members: Set<T>;
  readonly priority: number;
  /** The largest `to` below this node, itself included. */
  maxTo: RangeEnd;
  left: Node<T> | undefined;
  right: Node<T> | undefined;
}

/**
 * Which members cover a key: single keys in a map, ranges in an interval tree (a treap by (from, to), each node knowing
 * the largest end below it), so that a key finds its k members in O(log n + k) however many others there are.
 */
export class RangeSet<T> {
  private readonly singles = new Map<ByteString, Set<T>>();
  private root: Node<T> | undefined;
  private nextPriority = 0x9e3779b9;

  /** @param end `''`: the single key; `'\0'`: every key from `key` on. */
  add(key: ByteString, end: ByteString, member: T): void {
    if (end.length > 0) {
      this.root = this.insert(this.root, key, end === '\0' ? undefined : end, member);
      return;
    }
    const members = this.singles.get(key);
    if (members) members.add(member);
    else this.singles.set(key, new Set([member]));
  }

  remove(key: ByteString, end: ByteString, member: T): void {
    if (end.length > 0) {
      this.root = this.erase(this.root, key, end === '\0' ? undefined : end, member);
      return;
    }
    const members = this.singles.get(key);
    if (members?.delete(member) && members.size === 0) this.singles.delete(key);
  }

  get isEmpty(): boolean {
    return this.singles.size === 0 && this.root === undefined;
  }

  /** Calls `visit` with every set of members that covers the key; a member with several ranges may come several times. */
  forEachCovering(key: ByteString, visit: (members: ReadonlySet<T>) => void): void {
    const members = this.singles.get(key);
    if (members) visit(members);
    if (this.root) this.stab(this.root, key, visit);
  }

  /** Calls `visit` with every set of members there is. */
  forEachSet(visit: (members: ReadonlySet<T>) => void): void {
    for (const members of this.singles.values()) visit(members);
    const pending = this.root ? [this.root] : [];
    for (let node = pending.pop(); node; node = pending.pop()) {
      visit(node.members);
      if (node.left) pending.push(node.left);
      if (node.right) pending.push(node.right);
    }
  }

  private stab(node: Node<T>, key: ByteString, visit: (members: ReadonlySet<T>) => void): void {
    if (node.maxTo !== undefined && node.maxTo <= key) return;
    if (node.left) this.stab(node.left, key, visit);
    if (key < node.from) return;
    if (node.to === undefined || key < node.to) visit(node.members);
    if (node.right) this.stab(node.right, key, visit);
  }

  private insert(node: Node<T> | undefined, from: ByteString, to: RangeEnd, member: T): Node<T> {
    if (!node) {
      return { from, to, members: new Set([member]), priority: this.drawPriority(), maxTo: to, left: undefined, right: undefined };
    }
    const order = compareRanges(from, to, node);
    if (order === 0) {
      node.members.add(member);
      return node;
    }
    if (order < 0) {
      node.left = this.insert(node.left, from, to, member);
      if (node.left.priority > node.priority) return rotateRight(node);
    } else {
      node.right = this.insert(node.right, from, to, member);
      if (node.right.priority > node.priority) return rotateLeft(node);
    }
    refreshMax(node);
    return node;
  }

  private erase(node: Node<T> | undefined, from: ByteString, to: RangeEnd, member: T): Node<T> | undefined {
    if (!node) return undefined;
    const order = compareRanges(from, to, node);
    if (order < 0) node.left = this.erase(node.left, from, to, member);
    else if (order > 0) node.right = this.erase(node.right, from, to, member);
    else {
      node.members.delete(member);
      if (node.members.size === 0) return merge(node.left, node.right);
    }
    refreshMax(node);
    return node;
  }

  /** xorshift32: balance needs priorities that no order of insertion can line up with, not unpredictable ones. */
  private drawPriority(): number {
    let x = this.nextPriority;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.nextPriority = x >>> 0;
    return this.nextPriority;
  }
}

function compareRanges<T>(from: ByteString, to: RangeEnd, node: Node<T>): number {
  if (from !== node.from) return from < node.from ? -1 : 1;
  if (to === node.to) return 0;
  if (to === undefined) return 1;
  if (node.to === undefined) return -1;
  return to < node.to ? -1 : 1;
}

function laterEnd(a: RangeEnd, b: RangeEnd): RangeEnd {
  if (a === undefined || b === undefined) return undefined;
  return a < b ? b : a;
}

function refreshMax<T>(node: Node<T>): void {
  let max = node.to;
  if (node.left) max = laterEnd(max, node.left.maxTo);
  if (node.right) max = laterEnd(max, node.right.maxTo);
  node.maxTo = max;
}

function rotateRight<T>(node: Node<T>): Node<T> {
  const top = node.left as Node<T>;
  node.left = top.right;
  top.right = node;
  refreshMax(node);
  refreshMax(top);
  return top;
}

function rotateLeft<T>(node: Node<T>): Node<T> {
  const top = node.right as Node<T>;
  node.right = top.left;
  top.left = node;
  refreshMax(node);
  refreshMax(top);
  return top;
}

/** Joins two trees of which every range of `left` comes before every range of `right`. */
function merge<T>(left: Node<T> | undefined, right: Node<T> | undefined): Node<T> | undefined {
  if (!left) return right;
  if (!right) return left;
  if (left.priority > right.priority) {
    left.right = merge(left.right, right);
    refreshMax(left);
    return left;
  }
  right.left = merge(left, right.left);
  refreshMax(right);
  return right;
}
