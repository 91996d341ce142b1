export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A table with lines around its cells: heads centred, numbers and yes/no to the right, everything else to the left. */
export function tableText({ head, rows }: Table): string {
  const widths = head.map((title, column) => Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(widthOf)));
  const line = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const drawn = (cells: readonly string[], align: (cell: string, width: number) => string): string =>
    `|${widths.map((width, column) => ` ${align(cells[column] ?? '', width)} `).join('|')}|`;
  return [line, drawn(head, centred), line, ...rows.map((row) => drawn(row, alignedByKind)), line, ''].join('\n');
}

const widthOf = (text: string): number => [...text].length;

function centred(text: string, width: number): string {
  const left = Math.floor((width - widthOf(text)) / 2);
  return `${' '.repeat(left)}${text}${' '.repeat(width - widthOf(text) - left)}`;
}

function alignedByKind(text: string, width: number): string {
  const padding = ' '.repeat(width - widthOf(text));
  return /^(-?[0-9.]+( [kMGT]?B)?|true|false)$/.test(text) ? padding + text : text + padding;
}
