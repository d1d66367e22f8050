import { USAGE, type Usage } from '#shared/datastore/bookkeeping-rows.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import { INSTANCES_OF_CUSTOMER, LIVE_VOLUMES_OF_CUSTOMER } from '#shared/datastore/queries.ts';
import type { Store } from '#shared/datastore/store.ts';
import { VOLUME_USAGE, type VolumeUsage } from '#shared/datastore/volume-rows.ts';

/** What a customer's quota limits: the number of instances, and the GB of volumes. */
export type CountedThing = 'instances' | 'volumeGb';

/** One kind of usage row, and how to count its real value. */
export interface UsageCounter<T extends object> {
  readonly of: CountedThing;
  /** The rows' kind; a row's id is the customer's id. */
  readonly kind: Kind<T>;
  readonly amountOf: (usage: T) => number;
  readonly usageOf: (amount: number) => T;
  readonly count: (customerId: string, store: Pick<Store, 'count' | 'query'>) => Promise<number>;
}

export const INSTANCE_COUNTER: UsageCounter<Usage> = {
  of: 'instances',
  kind: USAGE,
  amountOf: ({ instances }) => instances,
  usageOf: (instances) => ({ instances }),
  count: (customerId, store) => store.count(INSTANCES_OF_CUSTOMER, { customerId: { stringValue: customerId } }),
};

const PAGE_SIZE = 300;

export const VOLUME_COUNTER: UsageCounter<VolumeUsage> = {
  of: 'volumeGb',
  kind: VOLUME_USAGE,
  amountOf: ({ gb }) => gb,
  usageOf: (gb) => ({ gb }),
  count: async (customerId, store) => {
    const values = { customerId: { stringValue: customerId }, live: { booleanValue: true } };
    let gb = 0;
    let cursor: string | undefined;
    do {
      const page = { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) };
      const found = await store.query(LIVE_VOLUMES_OF_CUSTOMER, values, page);
      gb += found.rows.reduce((sum, { value }) => sum + value.sizeGb, 0);
      cursor = found.cursor;
    } while (cursor !== undefined);
    return gb;
  },
};
