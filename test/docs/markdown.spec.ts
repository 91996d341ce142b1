import { linksOf, slugsOf } from './markdown.testing';

describe('links of a page', () => {
  it('are found with their lines, inline, with a title, as a definition and around images', () => {
    const page = 'See [a](a.md).\n\n[![b](b.png)](c.md "title") and [d][]\n\n[d]: d.md#e';
    expect(linksOf(page)).toEqual([
      { target: 'a.md', line: 1 }, { target: 'b.png', line: 3 }, { target: 'c.md', line: 3 }, { target: 'd.md#e', line: 5 },
    ]);
  });

  it('are none in code and comments', () => {
    expect(linksOf('`[a](a.md)`\n```sh\n[b](b.md)\n```\n<!-- [c](c.md) -->\n~~~\n```\n[d](d.md)\n~~~\n[e](e.md)')).toEqual([{ target: 'e.md', line: 10 }]);
  });
});

it('headings are called as GitHub calls them', () => {
  expect(slugsOf('# One: two, `three`\n## Back-up & restore\n```\n# code\n```\n## [Four](x.md)\n## Four')).toEqual([
    'one-two-three', 'back-up--restore', 'four', 'four-1',
  ]);
});
