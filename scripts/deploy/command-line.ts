/**
 * Returns a command line to paste into a POSIX shell, with quotes where needed: `(default)` would be a syntax error.
 */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  if (/^[-+\w@%=:,./]+$/.test(word)) return word;
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
