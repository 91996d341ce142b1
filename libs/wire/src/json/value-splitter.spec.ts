import fc from 'fast-check';
import { DecodeError } from '../protobuf/decode-error';
import { JsonValueSplitter } from './value-splitter';

const space = fc.constantFrom('', ' ', '\n', '\r\n\t');

describe('JsonValueSplitter', () => {
  test('cuts values apart, whatever the pieces', () => {
    const values = fc.array(fc.json().filter((json) => /^[[{]/.test(json)), { maxLength: 5 });
    fc.assert(fc.property(values, space, fc.array(fc.nat(30)), (texts, gap, cuts) => {
      const body = texts.map((text) => gap + text).join('') + gap;
      const splitter = new JsonValueSplitter(1 << 20);
      const found: string[] = [];
      let at = 0;
      for (const cut of cuts) {
        found.push(...splitter.push(body.slice(at, at + cut)));
        at += cut;
      }
      found.push(...splitter.push(body.slice(at)));
      expect(found).toEqual(texts.map((text) => text.trim()));
      expect(splitter.end()).toBeUndefined();
    }), { numRuns: 500, seed: 7 });
  });

  test('hands over what breaks off, and what is no object', () => {
    const splitter = new JsonValueSplitter(100);
    expect(splitter.push('{"a":1} x 12 {"b":')).toEqual(['{"a":1}', 'x', '12']);
    expect(splitter.end()).toBe('{"b":');
    expect(new JsonValueSplitter(100).push('}]{}')).toEqual(['}', ']', '{}']);
  });

  test('bounds a value', () => {
    const splitter = new JsonValueSplitter(10);
    expect(splitter.push('{"a":1}{"b":2}')).toHaveLength(2);
    expect(() => {
      for (let count = 0; count < 11; count++) splitter.push('[');
    }).toThrow(DecodeError);
  });
});
