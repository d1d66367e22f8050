import Table from 'cli-table3';

/** A column: its heading and the content of its cells. */
export interface Column<T> {
  readonly heading: string;
  readonly cell: (item: T) => string;
}

/** No borders and two spaces between columns, which is easy to read and to split by programs. */
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

/** Returns aligned columns under their headings, two spaces apart, ending in a newline. */
export function table<T>(columns: readonly Column<T>[], items: readonly T[]): string {
  return drawn([columns.map(({ heading }) => heading), ...items.map((item) => columns.map(({ cell }) => cell(item)))]);
}

/** Returns `name: value` lines with aligned values. */
export function details(pairs: readonly (readonly [name: string, value: string])[]): string {
  return drawn(pairs.map(([name, value]) => [`${name}:`, value]));
}

function drawn(lines: readonly (readonly string[])[]): string {
  const drawing = new Table(PLAIN);
  // Line breaks in a cell become spaces, so that each row stays on one line.
  for (const line of lines) drawing.push(line.map((cell) => cell.replaceAll(/\s*\n\s*/g, ' ')));
  return drawing
    .toString()
    .split('\n')
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
