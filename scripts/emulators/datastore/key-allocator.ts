import { encodePath, resolvePartition } from './keys.ts';
import type { Store } from './store.ts';
import type { WireKey, WirePartition, WirePathElement, WireScope } from './wire.ts';
import { toLong } from './wire.ts';

/** Ids are below 2^52, so that clients can convert them to numbers without loss. */
const ID_BITS = 52;
/** Odd, so that multiplying modulo 2^52 maps each counter to a different id, scattered like Datastore's ids. */
const SCATTER = 0x5851f42d4c957n;

/** Completes keys with ids that were never assigned and that no entity uses or has reserved. */
export class KeyAllocator {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  complete(partition: WirePartition, path: readonly WirePathElement[]): readonly WirePathElement[] {
    const partitionId = this.#store.partitionId(partition);
    const parents = path.slice(0, -1);
    const kind = path.at(-1)?.kind ?? '';
    for (let count = this.#store.counter('last_id') + 1; ; count += 1) {
      const id = toLong(BigInt.asUintN(ID_BITS, BigInt(count) * SCATTER));
      const completed = [...parents, { kind, idType: 'id' as const, id }];
      if (this.#store.isTaken(partitionId, encodePath(completed))) continue;
      this.#store.setCounter('last_id', count);
      return completed;
    }
  }

  reserve(key: WireKey, scope: WireScope): void {
    const partitionId = this.#store.partitionId(resolvePartition(key.partitionId, scope));
    this.#store.reserveKey(partitionId, encodePath(key.path));
  }
}
