/** One column: its heading and what stands in it. */
export interface Column<T> {
  readonly heading: string;
  readonly cell: (item: T) => string;
}

/** Aligned columns under their headings, two spaces apart; ends in a newline. */
export function table<T>(columns: readonly Column<T>[], items: readonly T[]): string {
  const lines = [columns.map(({ heading }) => heading), ...items.map((item) => columns.map(({ cell }) => cell(item)))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => width(line[i] ?? ''))));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, i) => padded(cell, widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** `name: value` lines, the values aligned. */
export function details(pairs: readonly (readonly [name: string, value: string])[]): string {
  const widest = Math.max(...pairs.map(([name]) => width(name)));
  return pairs.map(([name, value]) => `${padded(`${name}:`, widest + 1)}  ${value}`.trimEnd() + '\n').join('');
}

/** Characters, not UTF-16 units; wide scripts may still be off by a little. */
function width(text: string): number {
  return Array.from(text).length;
}

function padded(text: string, toWidth: number): string {
  return text + ' '.repeat(Math.max(0, toWidth - width(text)));
}
