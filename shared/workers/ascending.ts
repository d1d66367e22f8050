/** One page of items in ascending order of their ids, and whether there are more. */
export interface AscendingPage<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

/**
 * Reads items in ascending order of their ids, page by page, up to a name at a time: the second side of a comparison of
 * two sorted lists. At most one page and what was not taken of the one before are in memory.
 */
export class Ascending<T extends { readonly id: string }> {
  readonly #read: (above: string) => Promise<AscendingPage<T>>;
  #held: readonly T[] = [];
  /** Everything up to this id has been read. */
  #above: string;
  #more = true;

  /** `read` returns the items above an id; `above` is where the reading begins. */
  constructor(above: string, read: (above: string) => Promise<AscendingPage<T>>) {
    this.#above = above;
    this.#read = read;
  }

  /** Takes the next items up to an id; `undefined`: all that are left, one page. Returns no more than one page at once. */
  async take(upTo: string | undefined): Promise<{ readonly items: readonly T[]; readonly done: boolean }> {
    if (this.#held.length === 0 && this.#more) {
      const { items, more } = await this.#read(this.#above);
      this.#held = items;
      this.#more = more;
      this.#above = items.at(-1)?.id ?? this.#above;
    }
    const items = upTo === undefined ? this.#held : this.#held.filter(({ id }) => id <= upTo);
    const done = items.length < this.#held.length || !this.#more;
    this.#held = this.#held.slice(items.length);
    return { items, done };
  }
}
