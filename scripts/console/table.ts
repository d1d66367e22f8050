import Table from 'cli-table3';

/** One column: its heading and what stands in it. */
export interface Column<T> {
  readonly heading: string;
  readonly cell: (item: T) => string;
}

/** No lines, two spaces between columns: easy to read, and to cut by programs that people write in a hurry. */
const PLAIN = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
};

/** Aligned columns under their headings, two spaces apart; ends in a newline. */
export function table<T>(columns: readonly Column<T>[], items: readonly T[]): string {
  return drawn([columns.map(({ heading }) => heading), ...items.map((item) => columns.map(({ cell }) => cell(item)))]);
}

/** `name: value` lines, the values aligned. */
export function details(pairs: readonly (readonly [name: string, value: string])[]): string {
  return drawn(pairs.map(([name, value]) => [`${name}:`, value]));
}

function drawn(lines: readonly (readonly string[])[]): string {
  const drawing = new Table(PLAIN);
  // A cell stays on its line, whatever is in it.
  for (const line of lines) drawing.push(line.map((cell) => cell.replaceAll(/\s*\n\s*/g, ' ')));
  return drawing
    .toString()
    .split('\n')
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
