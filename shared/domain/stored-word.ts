declare const foreign: unique symbol;

/**
 * A word that is in none of this version's lists: a newer version wrote it, into a row that both share during a deployment
 * or after a rollback. It is written back as it was read. It has a type of its own, so that a table or a `switch` that was
 * made for the known words does not compile until it says what becomes of the others.
 */
export type ForeignWord = string & { readonly [foreign]: true };

/** A word of a closed list as a row holds it. */
export type Stored<W extends string> = W | ForeignWord;

/** What callers are shown in place of a word that this version does not know. */
export const UNKNOWN_WORD = 'unknown';

/** The word, if it is in the list. */
export function known<const W extends string>(words: readonly W[], word: Stored<W>): W | undefined {
  return words.find((candidate) => candidate === word);
}

/** The word, or `unknown`. */
export function shownWord<const W extends string>(words: readonly W[], word: Stored<W>): W | typeof UNKNOWN_WORD {
  return known(words, word) ?? UNKNOWN_WORD;
}
