/** One thing that a reader of a tour does or is shown, in the order of the page. */
export type TourStep =
  | { readonly kind: 'run'; readonly terminal: number; readonly script: string; readonly line: number }
  | { readonly kind: 'shown'; readonly terminal: number; readonly expected: string; readonly line: number }
  | { readonly kind: 'interrupt'; readonly terminal: number; readonly line: number }
  | { readonly kind: 'restart'; readonly line: number };

const BEGIN = '<!-- tour: begins -->';
const END = '<!-- tour: ends -->';
const FENCE = /^```(\w*)$/;
const NOTE = /^<!-- tour: (.+) -->$/;

/**
 * The steps of the part of a page between `<!-- tour: begins -->` and `<!-- tour: ends -->`. Blocks of `sh` are run, blocks
 * of `text` are what is shown then. Comments, which readers do not see, say the rest:
 *
 * - `<!-- tour: terminal 2 -->` before a block: it is run, or shown, in another terminal; what runs there goes on meanwhile
 * - `<!-- tour: interrupt terminal 2 -->`: Ctrl-C there
 * - `<!-- tour: restart -->`: the server is stopped and started again
 * - `<!-- tour: not run, <why> -->` before a block
 *
 * @throws Error naming the line of anything else
 */
export function tourOf(markdown: string): TourStep[] {
  const lines = markdown.split('\n');
  const begin = lines.indexOf(BEGIN);
  const end = lines.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`there is no part between ${BEGIN} and ${END}`);
  const steps: TourStep[] = [];
  let terminal = 1;
  let skipped = false;
  for (let at = begin + 1; at < end; at++) {
    const text = lines[at] ?? '';
    const line = at + 1;
    const note = NOTE.exec(text)?.[1];
    if (note !== undefined) {
      const step = stepOfNote(note, line);
      if (typeof step === 'object') steps.push(step);
      else if (step === 'skip') skipped = true;
      else terminal = step;
      continue;
    }
    const language = FENCE.exec(text)?.[1];
    if (language === undefined) continue;
    const close = lines.indexOf('```', at + 1);
    if (close < 0 || close > end) throw new Error(`line ${line}: the block does not end`);
    const content = lines.slice(at + 1, close).join('\n');
    if (!skipped) steps.push(stepOfBlock(language, content, terminal, line));
    at = close;
    terminal = 1;
    skipped = false;
  }
  return steps;
}

function stepOfNote(note: string, line: number): TourStep | number | 'skip' {
  if (note === 'restart') return { kind: 'restart', line };
  if (note.startsWith('not run, ')) return 'skip';
  const [, interrupt, terminal] = /^(interrupt )?terminal ([0-9]+)$/.exec(note) ?? [];
  if (terminal === undefined) throw new Error(`line ${line}: "${note}" is no note that this test knows`);
  return interrupt === undefined ? Number(terminal) : { kind: 'interrupt', terminal: Number(terminal), line };
}

function stepOfBlock(language: string, content: string, terminal: number, line: number): TourStep {
  if (language === 'sh') return { kind: 'run', terminal, script: content, line };
  if (language === 'text') return { kind: 'shown', terminal, expected: content, line };
  throw new Error(`line ${line}: a tour has blocks of sh and of text, not of "${language}"`);
}

/**
 * Whether an output is what a page shows. `…` stands for anything within a line, and alone on its line for any lines;
 * spaces at the ends of lines and empty lines at both ends do not count.
 */
export function isShown(expected: string, output: string): boolean {
  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = trimmedLines(expected).map((line) => (line === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(literal).join('.*')}\\n`)).join('');
  return new RegExp(`^${pattern}$`).test(`${trimmedLines(output).join('\n')}\n`);
}

function trimmedLines(text: string): string[] {
  return text.replace(/^(\s*\n)+/, '').trimEnd().split('\n').map((line) => line.trimEnd());
}
