/** Matches Unicode character classes, which Python's `re` does not support. */
const UNPORTABLE = /\\[pP]/;

/**
 * Replaces a class of letters and digits of any script, `_` and `-`: the same ASCII characters and all characters
 * beyond ASCII. The document therefore allows more than the API, which replies 400 to the rest.
 */
const ANY_LETTER = '[^\\x00-\\x60\\x7b-\\x7f]';
const ANY_WORD = '[^\\x00-,./:-\\x5e\\x60\\x7b-\\x7f]';
const PORTABLE: readonly (readonly [exact: string, portable: string])[] = [
  ['[\\p{Ll}\\p{Lo}\\p{N}_-]', ANY_WORD],
  ['[\\p{Ll}\\p{Lo}]', ANY_LETTER],
];

/** Returns the document with patterns that Go's RE2 and Python's `re` support. Throws if a pattern has no such form here. */
export function withPortablePatterns<T>(document: T): T {
  // The reviver replaces strings by strings only, so the document keeps its type.
  return JSON.parse(JSON.stringify(document), (key, value: unknown) =>
    key === 'pattern' && typeof value === 'string' ? portable(value) : value,
  ) as T;
}

function portable(pattern: string): string {
  const written = PORTABLE.reduce((text, [exact, other]) => text.replaceAll(exact, other), pattern);
  if (UNPORTABLE.test(written)) throw new Error(`The pattern ${pattern} has no form for other languages' engines.`);
  return written;
}
