import type { Connection } from '#scripts/local/state/connection.ts';
import { JOB_STATE, ORPHAN, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import type { Shape } from '#shared/datastore/query.ts';
import { EVENT, INSTANCE, OPERATION, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref, type Row } from '#shared/datastore/write.ts';
import { localStore } from './local-store.ts';

const PAGE_SIZE = 500;

/** Reads the records of a local cloud directly from the store, not through the API. */
export class Records {
  readonly store: Store;

  constructor(source: Pick<Connection, 'emulators'> | { readonly store: Store }) {
    if ('store' in source) {
      this.store = source.store;
      return;
    }
    const { emulators } = source;
    this.store = localStore(emulators.datastore);
  }

  instances = () => this.all(INSTANCE);
  operations = () => this.all(OPERATION);
  events = () => this.all(EVENT);
  orphans = () => this.all(ORPHAN);
  usages = () => this.all(USAGE);
  periods = () => this.all(PRICE_PERIOD);

  /** Returns how many instances a customer's quota counts. */
  async usageOf(customerId: string): Promise<number> {
    return (await this.store.get(ref(USAGE, customerId)))?.value.instances ?? 0;
  }

  /** Returns when the last complete sweep began, epoch ms. */
  async sweptAtMs(): Promise<number> {
    return (await this.store.get(ref(JOB_STATE, 'reconciler-sweep')))?.value.ranAtMs ?? 0;
  }

  close(): Promise<void> {
    return this.store.close();
  }

  /** Returns all rows of a kind, by key. */
  async all<T>(kind: Kind<T>): Promise<readonly Row<T>[]> {
    const shape: Shape<T> = { kind, equal: [], order: [{ property: '__key__', direction: 'asc' }] };
    const rows: Row<T>[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.store.query(shape, {}, { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) });
      rows.push(...page.rows);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return rows;
  }
}
