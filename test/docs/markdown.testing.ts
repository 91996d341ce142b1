export interface Link {
  readonly target: string;
  readonly line: number;
}

/** The links and images of a page, in order; none from blocks and spans of code. */
export function linksOf(markdown: string): Link[] {
  return proseLines(markdown).flatMap((text, at) => {
    const prose = text.replace(/`[^`]*`/g, '``');
    const inline = [...prose.matchAll(/\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
    const defined = [...prose.matchAll(/^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/g)];
    return [...inline, ...defined].map(([, target = '']) => ({ target, line: at + 1 }));
  });
}

/** What headings of a page are called in links: lower case, without punctuation, spaces as hyphens, repeated ones numbered. */
export function slugsOf(markdown: string): string[] {
  const seen = new Map<string, number>();
  return proseLines(markdown).flatMap((text) => {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1];
    if (heading === undefined) return [];
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return [before === 0 ? slug : `${slug}-${before}`];
  });
}

/** The lines of a page, those of code blocks and comments emptied. */
function proseLines(markdown: string): string[] {
  let fence: string | undefined;
  return markdown.replace(/<!--[^]*?-->/g, (comment) => comment.replace(/[^\n]/g, '')).split('\n').map((line) => {
    const mark = /^\s{0,3}(```+|~~~+)/.exec(line)?.[1];
    if (fence === undefined) {
      fence = mark;
      return mark === undefined ? line : '';
    }
    if (mark !== undefined && mark.startsWith(fence)) fence = undefined;
    return '';
  });
}
