import fc from 'fast-check';
import { NumberText } from './number-text';

describe('NumberText', () => {
  const whole = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat(200), fc.integer({ min: 0, max: 53 }).map((power) => Math.max(0, 2 ** power - 1)), fc.integer({ min: 0, max: 15 }).map((power) => 10 ** power));

  it('writes what JSON would', () => {
    const text = new NumberText();
    fc.assert(
      fc.property(fc.array(fc.tuple(whole, whole), { maxLength: 300 }), (pairs) => {
        text.begin(pairs.length);
        for (const [a, b] of pairs) text.add(a, b);
        expect(text.finish().latin1Slice()).toBe(`{${pairs.map(([a, b]) => `"${a}":${b}`).join(',')}}`);
      }),
      { seed: 42 },
    );
  });
});
