/** What JavaScript's engine alone takes; `\p` is refused by Python's `re`. */
const UNPORTABLE = /\\[pP]/;

/**
 * Letters and digits of any script, `_` and `-`, for engines without classes of Unicode: of ASCII the same characters, beyond it
 * every one. So a document allows a little more than the API, which answers 400 for the rest.
 */
const ANY_LETTER = '[^\\x00-\\x60\\x7b-\\x7f]';
const ANY_WORD = '[^\\x00-,./:-\\x5e\\x60\\x7b-\\x7f]';
const PORTABLE: readonly (readonly [exact: string, portable: string])[] = [
  ['[\\p{Ll}\\p{Lo}\\p{N}_-]', ANY_WORD],
  ['[\\p{Ll}\\p{Lo}]', ANY_LETTER],
];

/** The same document with patterns that Go's RE2 and Python's `re` take as well. Throws for one that has no such form here. */
export function withPortablePatterns<T>(document: T): T {
  // A reviver keeps the form of what it is given: only strings are replaced, by strings.
  return JSON.parse(JSON.stringify(document), (key, value: unknown) =>
    key === 'pattern' && typeof value === 'string' ? portable(value) : value,
  ) as T;
}

function portable(pattern: string): string {
  const written = PORTABLE.reduce((text, [exact, other]) => text.replaceAll(exact, other), pattern);
  if (UNPORTABLE.test(written)) throw new Error(`The pattern ${pattern} has no form for other languages' engines.`);
  return written;
}
