import { SEALING_KEY } from '#shared/datastore/bookkeeping-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { insert, ref } from '#shared/datastore/write.ts';
import type { Random } from '#shared/domain/ids.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { CURSOR_IV_BYTES, CURSOR_KEY_BYTES, openCursor, sealCursor } from './sealed-cursor.ts';

/** Dependencies of a list with sealed cursors. */
export interface ListTools extends Pick<Tools, 'store'> {
  readonly cursors: ListCursors;
}

/** What a cursor is valid for: one list, one caller and the same filters. Any other cursor is rejected. */
export interface ListScope {
  /** Name of the list; no two endpoints share one. */
  readonly list: string;
  readonly caller: Pick<Principal, 'customerId' | 'userId'>;
  /** The parameters of the list request, except the page size. */
  readonly asked: readonly unknown[];
}

/** Id of the key's row. */
export const LIST_CURSORS = 'list-cursors';

/**
 * Seals and opens the cursors of lists. All processes share one key, which is kept in the store and created by the
 * first process that needs it. A process reads the key only for its first cursor, so a list that fits one page costs
 * nothing.
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

  /** Returns the position in a cursor; `undefined` for a cursor that is not valid for this list. */
  async open(cursor: string, scope: ListScope): Promise<string | undefined> {
    return openCursor(cursor, flat(scope), await this.#theKey());
  }

  #theKey(): Promise<Buffer> {
    this.#key ??= this.#readOrMake().catch((thrown: unknown) => {
      // The next cursor tries again, because the store may be reachable by then.
      this.#key = undefined;
      throw thrown;
    });
    return this.#key;
  }

  /**
   * Reads the key, or creates it. If two processes create it at the same time, the second one finds the first one's
   * row.
   */
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
