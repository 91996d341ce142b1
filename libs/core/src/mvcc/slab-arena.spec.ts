import * as fc from 'fast-check';
import { SLAB_BYTES, SlabArena } from './slab-arena';

/** Owns one record per slot and remembers what it should hold. */
class Owner {
  readonly addresses = new Map<number, number>();
  readonly contents = new Map<number, Buffer>();
  readonly arena = new SlabArena({
    addressOf: (slot) => this.addresses.get(slot) ?? 0,
    moved: (slot, address) => void this.addresses.set(slot, address),
  });

  write(slot: number, content: Buffer): Buffer {
    const old = this.addresses.get(slot);
    const address = this.arena.allocate(content.length, slot);
    const view = this.view(address, content.length);
    content.copy(view);
    this.addresses.set(slot, address);
    this.contents.set(slot, content);
    if (old !== undefined) this.arena.release(old);
    return view;
  }

  remove(slot: number): void {
    const old = this.addresses.get(slot);
    this.addresses.delete(slot);
    this.contents.delete(slot);
    if (old !== undefined) this.arena.release(old);
  }

  view(address: number, length: number): Buffer {
    const start = this.arena.startOf(address);
    return this.arena.bytesOf(address).subarray(start, start + length);
  }

  check(): void {
    for (const [slot, address] of this.addresses) {
      const content = this.contents.get(slot) as Buffer;
      if (!this.view(address, content.length).equals(content)) throw new Error(`slot ${slot} does not hold what was written`);
    }
  }
}

test('records keep their content while slabs are given up, and so do views that were handed out', () => {
  const step = fc.record({ slot: fc.nat(40), length: fc.oneof(fc.nat(200), fc.nat(9000), fc.constant(SLAB_BYTES / 2)), remove: fc.constantFrom(false, false, true) });
  fc.assert(fc.property(fc.array(step, { minLength: 100, maxLength: 800 }), (steps) => {
    const owner = new Owner();
    const handedOut: { view: Buffer; copy: Buffer }[] = [];
    steps.forEach(({ slot, length, remove }, at) => {
      if (remove) owner.remove(slot);
      else {
        const content = Buffer.alloc(length, at);
        const view = owner.write(slot, content);
        if (at % 20 === 0) handedOut.push({ view, copy: Buffer.from(content) });
      }
    });
    owner.check();
    for (const { view, copy } of handedOut) if (!view.equals(copy)) throw new Error('a view was overwritten');
  }), { numRuns: 40, seed: 3 });
});

test('memory stays near twice what lives, however long the same keys are overwritten', () => {
  const owner = new Owner();
  for (let round = 0; round < 400; round++) for (let slot = 0; slot < 100; slot++) owner.write((slot * 37 + round * 11) % 1000, Buffer.alloc(1000, round));
  owner.check();
  const live = [...owner.contents.values()].reduce((sum, content) => sum + content.length + 8, 0);
  expect(owner.arena.heldBytes).toBeLessThan(2 * live + 2 * SLAB_BYTES);
});

test('a record larger than a slab has one of its own, and gives it back', () => {
  const owner = new Owner();
  owner.write(1, Buffer.alloc(100, 1));
  const before = owner.arena.heldBytes;
  owner.write(2, Buffer.alloc(3 * SLAB_BYTES, 2));
  owner.write(3, Buffer.alloc(100, 3));
  owner.check();
  owner.remove(2);
  owner.check();
  expect(owner.arena.heldBytes).toBe(before);
});
