/** List price of one billed item, without free tiers and discounts. */
export interface Price {
  readonly dollars: number;
  /** How many units cost that much. */
  readonly per: number;
  readonly unit: string;
  /** The page that has the price. */
  readonly page: string;
  /** Since when the page says that it holds, or when the copy that was read says so. */
  readonly since: string;
}

/** When the prices were looked up. */
export const PRICES_READ_ON = '2026-11-27';
/** All prices are of this region. */
export const PRICES_REGION = 'us-central1';

const GIB = 2 ** 30;
const TIB = 2 ** 40;

const FIRESTORE = 'https://cloud.google.com/firestore/pricing';
const CLOUD_RUN = 'https://cloud.google.com/run/pricing';

/** List prices of Google Cloud. Compute Engine's API itself is free of charge; its machines are not the API's cost. */
export const PRICES = {
  entityReads: { dollars: 0.03, per: 100_000, unit: 'entities', page: FIRESTORE, since: 'undated copy' },
  entityWrites: { dollars: 0.09, per: 100_000, unit: 'entities', page: FIRESTORE, since: 'undated copy' },
  /** By requests and by TTL policies alike. */
  entityDeletes: { dollars: 0.01, per: 100_000, unit: 'entities', page: FIRESTORE, since: 'undated copy' },
  functionRequests: { dollars: 0.4, per: 1_000_000, unit: 'requests', page: CLOUD_RUN, since: 'undated copy' },
  /** While at least one request is served, rounded up to 100 ms. */
  processorSeconds: { dollars: 0.000_024, per: 1, unit: 'vCPU-seconds', page: CLOUD_RUN, since: 'undated copy' },
  memoryGibSeconds: { dollars: 0.000_002_5, per: 1, unit: 'GiB-seconds', page: CLOUD_RUN, since: 'undated copy' },
  /** Publishing and each delivery, at least 1,000 bytes a request. */
  messageBytes: {
    dollars: 40,
    per: TIB,
    unit: 'bytes',
    page: 'https://cloud.google.com/pubsub/pricing',
    since: 'June 2019',
  },
  gatewayCalls: {
    dollars: 3,
    per: 1_000_000,
    unit: 'calls, up to 1,000 million a month',
    page: 'https://cloud.google.com/api-gateway/docs/pricing',
    since: 'undated copy',
  },
  logBytes: {
    dollars: 0.5,
    per: GIB,
    unit: 'bytes, kept 30 days',
    page: 'https://cloud.google.com/stackdriver/pricing',
    since: 'July 2018',
  },
} as const satisfies Readonly<Record<string, Price>>;

export type Billed = keyof typeof PRICES;

/** Amounts of billed items; items that are missing were not used. */
export type Amounts = Readonly<Partial<Record<Billed, number>>>;

/** Returns what the amounts cost, in dollars. */
export function dollars(amounts: Amounts): number {
  const items = Object.entries(amounts) as readonly (readonly [Billed, number])[];
  return items.reduce((sum, [item, amount]) => sum + (amount / PRICES[item].per) * PRICES[item].dollars, 0);
}
