import { SEALING_KEY } from '#shared/datastore/bookkeeping-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { insert, ref } from '#shared/datastore/write.ts';
import type { Random } from '#shared/domain/ids.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { CURSOR_IV_BYTES, CURSOR_KEY_BYTES, openCursor, sealCursor } from './sealed-cursor.ts';

/** What a list needs whose pages end at places. */
export interface ListTools extends Pick<Tools, 'store'> {
  readonly cursors: ListCursors;
}

/** What a cursor is good for: one list, asked by one caller in one way. A cursor of anything else does not open. */
export interface ListScope {
  /** Name of the list; no two endpoints share one. */
  readonly list: string;
  readonly caller: Pick<Principal, 'customerId' | 'userId'>;
  /** What the list was asked for, apart from the size of the page. */
  readonly asked: readonly unknown[];
}

/** The row of the key. */
export const LIST_CURSORS = 'list-cursors';

/**
 * Seals and opens the cursors of lists. All processes have one key, kept in the store; the first process that needs the
 * key makes it. A process reads the key when it meets its first cursor, so a list that fits on a page costs nothing.
 */
export class ListCursors {
  readonly #store: Pick<Store, 'change' | 'get'>;
  readonly #random: Random;
  #key: Promise<Buffer> | undefined;

  constructor(options: { readonly store: Pick<Store, 'change' | 'get'>; readonly random: Random }) {
    this.#store = options.store;
    this.#random = options.random;
  }

  async seal(place: string, scope: ListScope): Promise<string> {
    const key = await this.#theKey();
    return sealCursor(place, flat(scope), { key, iv: Buffer.from(this.#random.hex(CURSOR_IV_BYTES), 'hex') });
  }

  /** The place; `undefined` when this is no cursor of this list. */
  async open(cursor: string, scope: ListScope): Promise<string | undefined> {
    return openCursor(cursor, flat(scope), await this.#theKey());
  }

  #theKey(): Promise<Buffer> {
    this.#key ??= this.#readOrMake().catch((thrown: unknown) => {
      // The next cursor asks a store again that could not be reached.
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

function flat({ list, caller, asked }: ListScope): readonly unknown[] {
  return [list, caller.customerId, caller.userId, ...asked];
}
