import type { ByteString } from '@quorate/api';

/** Entries of a leaf and children of an inner node, at most. */
const FANOUT = 64;

interface Leaf {
  readonly leaf: true;
  keys: ByteString[];
  slots: number[];
  next: Leaf | undefined;
}

/** `keys[i]` is not above any key under `children[i + 1]` and above all under `children[i]`. */
interface Inner {
  readonly leaf: false;
  keys: ByteString[];
  children: Node[];
}

type Node = Leaf | Inner;

/**
 * The order of the keys: a B+tree from key to slot. Keys enter when they are first seen and leave when compaction forgets
 * them, so that ordinary updates never touch it.
 */
export class OrderedKeys {
  private root: Node = { leaf: true, keys: [], slots: [], next: undefined };
  size = 0;

  /** Adds a key that is not in it. */
  add(key: ByteString, slot: number): void {
    this.size++;
    const right = addTo(this.root, key, slot);
    if (right !== undefined) this.root = { leaf: false, keys: [right.first], children: [this.root, right.node] };
  }

  /** Removes a key that is in it. */
  remove(key: ByteString): void {
    this.size--;
    removeFrom(this.root, key);
    while (!this.root.leaf && this.root.children.length === 1) this.root = this.root.children[0];
  }

  /**
   * Appends to `slots` the slots of at most `max` keys from `from` on, below `to` (`undefined`: no end), in order.
   * @returns the key to go on from, or `undefined` when the range is at its end
   */
  slice(from: ByteString, to: ByteString | undefined, max: number, slots: number[]): ByteString | undefined {
    let leaf: Leaf | undefined = leafOf(this.root, from);
    let at = lowerBound(leaf.keys, from);
    let left = max;
    while (leaf !== undefined) {
      const { keys } = leaf;
      const whole: boolean = to === undefined || (keys.length > 0 && keys[keys.length - 1] < to);
      const end: number = whole ? keys.length : lowerBound(keys, to as ByteString);
      for (; at < end; at++) {
        if (left-- === 0) return keys[at];
        slots.push(leaf.slots[at]);
      }
      if (!whole && keys.length > 0) return undefined;
      leaf = leaf.next;
      at = 0;
    }
    return undefined;
  }
}

/** First position whose key is not below `key`. */
function lowerBound(keys: readonly ByteString[], key: ByteString): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The child that a key belongs to. */
function childAt(keys: readonly ByteString[], key: ByteString): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function leafOf(root: Node, key: ByteString): Leaf {
  let node = root;
  while (!node.leaf) node = node.children[childAt(node.keys, key)];
  return node;
}

interface Split {
  readonly first: ByteString;
  readonly node: Node;
}

/** @returns the new right sibling where the node had to be split */
function addTo(node: Node, key: ByteString, slot: number): Split | undefined {
  if (node.leaf) return addToLeaf(node, key, slot);
  const at = childAt(node.keys, key);
  const right = addTo(node.children[at], key, slot);
  if (right === undefined) return undefined;
  node.keys.splice(at, 0, right.first);
  node.children.splice(at + 1, 0, right.node);
  if (node.children.length <= FANOUT) return undefined;
  // Keys that come in ascending order leave full nodes behind.
  const cut = at + 2 === node.children.length ? FANOUT - 1 : FANOUT >>> 1;
  const first = node.keys[cut - 1];
  const sibling: Inner = { leaf: false, keys: node.keys.splice(cut), children: node.children.splice(cut) };
  node.keys.length = cut - 1;
  return { first, node: sibling };
}

function addToLeaf(leaf: Leaf, key: ByteString, slot: number): Split | undefined {
  const at = lowerBound(leaf.keys, key);
  leaf.keys.splice(at, 0, key);
  leaf.slots.splice(at, 0, slot);
  if (leaf.keys.length <= FANOUT) return undefined;
  const cut = at === FANOUT ? FANOUT : FANOUT >>> 1;
  const sibling: Leaf = { leaf: true, keys: leaf.keys.splice(cut), slots: leaf.slots.splice(cut), next: leaf.next };
  leaf.next = sibling;
  return { first: sibling.keys[0], node: sibling };
}

function removeFrom(node: Node, key: ByteString): void {
  if (node.leaf) {
    const at = lowerBound(node.keys, key);
    if (node.keys[at] !== key) throw new Error('the key to remove is not in the order');
    node.keys.splice(at, 1);
    node.slots.splice(at, 1);
    return;
  }
  const at = childAt(node.keys, key);
  removeFrom(node.children[at], key);
  const left = at > 0 ? at - 1 : at;
  if (left + 1 < node.children.length && weight(node.children[left]) + weight(node.children[left + 1]) <= FANOUT >>> 1) {
    merge(node, left);
  }
}

function weight(node: Node): number {
  return node.leaf ? node.keys.length : node.children.length;
}

/** Appends a child's right neighbour to it. Merging well below the fan-out keeps a split from following at once. */
function merge(parent: Inner, at: number): void {
  const left = parent.children[at];
  const right = parent.children[at + 1];
  if (left.leaf && right.leaf) {
    left.keys.push(...right.keys);
    left.slots.push(...right.slots);
    left.next = right.next;
  } else if (!left.leaf && !right.leaf) {
    left.keys.push(parent.keys[at], ...right.keys);
    left.children.push(...right.children);
  }
  parent.keys.splice(at, 1);
  parent.children.splice(at + 1, 1);
}
