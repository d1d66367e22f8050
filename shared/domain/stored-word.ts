declare const foreign: unique symbol;

/**
 * A stored word that none of this version's lists contains: a newer version wrote it, during a deployment or before a
 * rollback. It is written back unchanged. It has its own type, so that a table or `switch` over the known words does
 * not compile until it handles other words.
 */
export type ForeignWord = string & { readonly [foreign]: true };

/** A word of a closed list, as it is stored in a row. */
export type Stored<W extends string> = W | ForeignWord;

/** Shown to callers in place of a word that this version does not know. */
export const UNKNOWN_WORD = 'unknown';

/** Returns the word if the list contains it, otherwise `undefined`. */
export function known<const W extends string>(words: readonly W[], word: Stored<W>): W | undefined {
  return words.find((candidate) => candidate === word);
}

/** Returns the word if the list contains it, otherwise `unknown`. */
export function shownWord<const W extends string>(words: readonly W[], word: Stored<W>): W | typeof UNKNOWN_WORD {
  return known(words, word) ?? UNKNOWN_WORD;
}
