import { isShown, tourOf } from './tour.testing';

const page = (...lines: string[]): string => ['# Page', '<!-- tour: begins -->', ...lines, '<!-- tour: ends -->', '```sh', 'rm -rf /', '```'].join('\n');

describe('the reader of tours', () => {
  it('takes blocks, their terminals and what happens between them, in order', () => {
    const steps = tourOf(page(
      '```sh', 'echo one', '```', '```text', 'one', '```',
      '<!-- tour: terminal 2 -->', '```sh', 'watch', '```',
      '<!-- tour: not run, it would need a desk -->', '```sh', 'desk', '```',
      '<!-- tour: interrupt terminal 2 -->', '<!-- tour: restart -->',
    ));
    expect(steps).toEqual([
      { kind: 'run', terminal: 1, script: 'echo one', line: 3 },
      { kind: 'shown', terminal: 1, expected: 'one', line: 6 },
      { kind: 'run', terminal: 2, script: 'watch', line: 10 },
      { kind: 'interrupt', terminal: 2, line: 17 },
      { kind: 'restart', line: 18 },
    ]);
  });

  it('refuses what it does not know, by line', () => {
    expect(() => tourOf('# Page')).toThrow('there is no part');
    expect(() => tourOf(page('<!-- tour: reboot -->'))).toThrow('line 3: "reboot" is no note');
    expect(() => tourOf(page('```python', '```'))).toThrow('line 3: a tour has blocks of sh and of text');
    expect(() => tourOf(page('```sh', 'echo'))).toThrow('line 3: the block does not end');
  });

  it.each([
    ['OK', 'OK\n', true],
    ['OK', '\nOK  \n\n', true],
    ['OK', 'OK\nOK', false],
    ['OK', 'NOT OK', false],
    ['a.c', 'abc', false],
    ['{"leaseId":"…","ttl":5}', '{"leaseId":"123","ttl":5}', true],
    ['{"leaseId":"…","ttl":5}', '{"leaseId":"123","ttl":6}', false],
    ['first…', 'first\nsecond', false],
    ['…\nlast', 'first\nsecond\nlast', true],
    ['…\nlast', 'last', true],
    ['…\nlast', 'last\nmore', false],
    ['one\n\ntwo', 'one\n\ntwo', true],
  ])('%j shows %j: %s', (expected, output, shown) => {
    expect(isShown(expected, output)).toBe(shown);
  });
});
