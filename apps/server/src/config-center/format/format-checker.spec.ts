import fc from 'fast-check';
import { CONFIG_CONTENT_BYTES_MAX, type ConfigFormat, PlatformError } from '@quorate/api';
import { FormatChecker } from './format-checker';
import { YamlChecker } from './yaml-checker';

describe('FormatChecker', () => {
  let yaml: YamlChecker;
  let checker: FormatChecker;
  beforeAll(() => {
    yaml = new YamlChecker();
    checker = new FormatChecker(yaml);
  });
  afterAll(() => yaml.onModuleDestroy());

  /** `line:column`, or nothing where the text is well-formed. */
  const placeOf = async (format: ConfigFormat, content: string): Promise<string | undefined> => {
    try {
      await checker.check(format, content, 'content');
      return undefined;
    } catch (error) {
      const match = /line (\d+), column (\d+)/.exec((error as PlatformError).message);
      expect([error, (error as PlatformError).code]).toEqual([expect.any(PlatformError), 'content_malformed']);
      return `${match?.[1]}:${match?.[2]}`;
    }
  };

  describe('json', () => {
    it.each(['null', ' [1, -0.5e+3, "\\u00e9\\n", true]\n', '{"a":{"b":[{}]},"c":""}', '"\u2028"'])('takes %s', async (text) => {
      expect(await placeOf('json', text)).toBeUndefined();
    });

    it.each([
      ['', '1:1'], ['{"a":1,}', '1:8'], ['[1,]', '1:4'], ['{"a" 1}', '1:6'], ['{a:1}', '1:2'], ['[1 2]', '1:4'], ['{"a":1', '1:7'], ['[1]]', '1:4'],
      ['"a\nb"', '1:3'], ['"\\x"', '1:2'], ['"abc', '1:1'], ['01', '1:1'], ['{\n  "a": tru\n}', '2:8'], ["{'a':1}", '1:2'], ['NaN', '1:1'], ['[}', '1:2'], ['{"a":]', '1:6'],
    ])('places the fault of %j at %s', async (text, place) => {
      expect(await placeOf('json', text)).toBe(place);
    });

    it('says a place for whatever JSON.parse refuses, and only for that', async () => {
      const pieces = fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', 'null', ' ', '\n', '"', '\\', '-', '.'), { maxLength: 12 });
      await fc.assert(fc.asyncProperty(pieces, async (list) => {
        const text = list.join('');
        let good = true;
        try {
          JSON.parse(text);
        } catch {
          good = false;
        }
        return (await placeOf('json', text)) === undefined ? good : !good;
      }), { seed: 11, numRuns: 3000 });
    });

    it('survives nesting of any depth', async () => {
      expect(await placeOf('json', '['.repeat(100_000))).toBe('1:100001');
    });
  });

  describe('yaml', () => {
    it.each(['', 'a: 1\nb: [x, y]\n', 'a: &x {k: v}\nb: *x\n', '--- 1\n--- 2\n', '- |\n  text\n   more\n'])('takes %j', async (text) => {
      expect(await placeOf('yaml', text)).toBeUndefined();
    });

    it.each([['a: 1\na: 2\n', '2:1'], ['a: b: c\n', '1:4'], ['a:\n\t- 1\n', '2:1'], ['"x', '1:3'], ['a: *b\n', '1:4'], ['--- 1\n--- [\n', '3:1']])('places the fault of %j at %s', async (text, place) => {
      expect(await placeOf('yaml', text)).toBe(place);
    });

    it('lets the thread go on while a large text is checked', async () => {
      const text = `a: [${'[1,2],'.repeat(CONFIG_CONTENT_BYTES_MAX / 6 - 1)}]`;
      let turns = 0;
      let checked = false;
      const check = placeOf('yaml', text).finally(() => { checked = true; });
      while (!checked) {
        turns++;
        await new Promise((resolve) => { setImmediate(resolve); });
      }
      expect(await check).toBeUndefined();
      expect(turns).toBeGreaterThan(100);
    });

    it('refuses what would overflow a stack or blow up, and goes on', async () => {
      expect(await placeOf('yaml', '['.repeat(100_000))).toBeDefined();
      const bomb = ['a0: &a0 [x]', ...Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(10)}]`)].join('\n');
      expect(await placeOf('yaml', bomb)).toBeUndefined();
      expect(await placeOf('yaml', 'a: 1')).toBeUndefined();
    });
  });

  describe('toml', () => {
    it.each([
      '', '# only\n', 'a = 1\n[t]\nb.c = "x"\nb.d = \'y\'\n[t.u]\n[[l]]\nx = 1\n[[l]]\nx = 2\n[l.m]\n', 'a = [1, [2, 3],\n # c\n 4,\n]\n', 'i = { a = 1, b.c = 2 }\n',
      'd = 1979-05-27T07:32:00Z\nl = 1979-05-27\nt = 07:32:00.5\nn = -1_000\nf = 6.6e-3\nh = 0xdead_beef\ni = -inf\n', 's = """\na\\\n  b""c"""\nq = \'\'\'x\'y\'\'\'\n', '"a.b".c = true\r\n',
    ])('takes %j', async (text) => {
      expect(await placeOf('toml', text)).toBeUndefined();
    });

    it.each([
      ['a = 1\na = 2', '2:1'], ['[t]\n[t]', '2:1'], ['a = 01', '1:5'], ['a = "x', '1:5'], ['a 1', '1:3'], ['a = 1 b = 2', '1:6'], ['[t', '1:3'], ['a = [1 2]', '1:8'],
      ['i = {a = 1}\n[i.b]', '2:1'], ['a.b = 1\n[a]', '2:1'], ['a = yes', '1:5'], ['a = {b = 1\n}', '1:11'], ['[a]\nb = 1\n[[a]]', '3:1'], ['a = 1__0', '1:5'],
    ])('places the fault of %j at %s', async (text, place) => {
      expect(await placeOf('toml', text)).toBe(place);
    });

    it('takes a long string and refuses endless nesting', async () => {
      expect(await placeOf('toml', `a = "${'x'.repeat(200_000)}"`)).toBeUndefined();
      expect(await placeOf('toml', `a = ${'['.repeat(100_000)}`)).toBe('1:205');
    });
  });

  describe('xml', () => {
    it.each([
      '<a/>', '<?xml version="1.0"?>\n<!DOCTYPE a>\n<!-- c -->\n<a b="1" c=\'2\'>x &amp; y &#x20;<![CDATA[<&]]><d:e/></a>\n<!-- end -->', '\ufeff<größe/>', '<a><?php x ?></a>',
    ])('takes %j', async (text) => {
      expect(await placeOf('xml', text)).toBeUndefined();
    });

    it.each([
      ['', '1:1'], ['text', '1:1'], ['<a>', '1:1'], ['<a></b>', '1:4'], ['<a/><b/>', '1:5'], ['<a b="1" b="2"/>', '1:10'], ['<a b=1/>', '1:3'], ['<a>&x;</a>', '1:4'], ['<a>a & b</a>', '1:6'],
      ['<a b="&x;"/>', '1:7'], ['<a>1 < 2</a>', '1:6'], ['<a><!-- -- --></a>', '1:9'], ['<a>]]></a>', '1:4'], ['<!DOCTYPE a [<!ENTITY x "y">]><a/>', '1:13'], [' <?xml version="1.0"?><a/>', '1:2'],
      ['<a>\n<b>\n</a>', '3:1'], ['<a', '1:3'], ['<a></a >x', '1:9'], ['<a>\u0001</a>', '1:4'],
    ])('places the fault of %j at %s', async (text, place) => {
      expect(await placeOf('xml', text)).toBe(place);
    });
  });

  describe('properties', () => {
    it.each(['', 'a=1\n# \\u12\nb : x \\\n  y\\u00e9\n', 'path=C:\\\\users\n'])('takes %j', async (text) => {
      expect(await placeOf('properties', text)).toBeUndefined();
    });

    it.each([['a=\\u12', '1:3'], ['a=x\\\n# \\uzzzz', '2:3'], ['a=\\\\\\u1', '1:5']])('places the fault of %j at %s', async (text, place) => {
      expect(await placeOf('properties', text)).toBe(place);
    });
  });

  it('takes time in proportion to the text, in every format', async () => {
    const times: [string, number][] = [];
    for (const [format, text] of [
      ['json', `[${'1,'.repeat(130_000)}]`], ['json', `"${'x'.repeat(262_000)}`], ['toml', `a = [${'1,'.repeat(130_000)}]`], ['toml', 'k = "v"\n'.repeat(32_000)],
      ['xml', `<a>${'<b c="1"/>'.repeat(26_000)}</a>`], ['xml', `<a ${' '.repeat(262_000)}`], ['properties', 'a=\\u00e9\n'.repeat(29_000)],
    ] as const) {
      const began = performance.now();
      await placeOf(format, text);
      times.push([format, performance.now() - began]);
    }
    expect(times.filter(([, ms]) => ms > 2000)).toEqual([]);
  });
});
