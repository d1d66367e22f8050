import { SEALING_KEY } from '#shared/datastore/bookkeeping-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { insert, ref } from '#shared/datastore/write.ts';
import type { Random } from '#shared/domain/ids.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { CURSOR_IV_BYTES, CURSOR_KEY_BYTES, openCursor, sealCursor } from './sealed-cursor.ts';

/** What a list needs whose pages end at places. */
export interface ListTools extends Pick<Tools, 'store'> {
  readonly cursors: ListCursors;
}

/** The row of the key. */
export const LIST_CURSORS = 'list-cursors';

/**
 * Seals and opens the cursors of lists. All processes have one key, kept in the store: whoever needs it first makes it. A
 * process reads it when it meets its first cursor and remembers it, so a list that fits on a page costs nothing.
 */
export class ListCursors {
  readonly #store: Pick<Store, 'change' | 'get'>;
  readonly #random: Random;
  #key: Promise<Buffer> | undefined;

  constructor(options: { readonly store: Pick<Store, 'change' | 'get'>; readonly random: Random }) {
    this.#store = options.store;
    this.#random = options.random;
  }

  async seal(place: string, scope: readonly unknown[]): Promise<string> {
    const key = await this.#theKey();
    return sealCursor(place, scope, { key, iv: Buffer.from(this.#random.hex(CURSOR_IV_BYTES), 'hex') });
  }

  /** The place; `undefined` when this is no cursor of this list. */
  async open(cursor: string, scope: readonly unknown[]): Promise<string | undefined> {
    return openCursor(cursor, scope, await this.#theKey());
  }

  #theKey(): Promise<Buffer> {
    this.#key ??= this.#readOrMake().catch((thrown: unknown) => {
      // A store that could not be reached is asked again by the next one.
      this.#key = undefined;
      throw thrown;
    });
    return this.#key;
  }

  /** Of two that make one at the same time the second finds the row of the first. */
  async #readOrMake(): Promise<Buffer> {
    const key = await this.#store.change(async () => {
      const row = await this.#store.get(ref(SEALING_KEY, LIST_CURSORS));
      if (row !== undefined) return { writes: [], result: row.value.key };
      const made = this.#random.hex(CURSOR_KEY_BYTES);
      return { writes: [insert(SEALING_KEY, LIST_CURSORS, { key: made })], result: made };
    });
    return Buffer.from(key, 'hex');
  }
}
