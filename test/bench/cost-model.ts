import type { TracedCall } from './bench-cloud-messages.ts';
import { type DatastoreUsage, NO_USAGE, sumOfUsage } from './datastore-usage.ts';
import type { Amounts } from './prices.ts';

/** What one request of an endpoint, or one run of a worker, uses on average. */
export interface Usage {
  readonly datastore: DatastoreUsage;
  readonly computeCalls: number;
  /** Billed bytes, published and delivered. */
  readonly messageBytes: number;
  /** Processor time of all threads, ms. */
  readonly processorMs: number;
  readonly logBytes: number;
}

/** Smallest billed size of a publish request and of a delivery (https://cloud.google.com/pubsub/pricing). */
const MESSAGE_BYTES_MIN = 1_000;
/** A function's instance is billed in steps of this time (https://cloud.google.com/run/pricing). */
export const BILLED_STEP_MS = 100;
/** Memory of an instance, as `infra/generated/functions.json` sets it. */
export const MEMORY_GIB = 0.5;
/** Memory that a function with whole packages needs: 401 MB for its first answer alone (cold-start.md). */
export const NAIVE_MEMORY_GIB = 1;

/** Adds up the calls of some requests, and divides by their number. */
export function usagePerRequest(
  calls: readonly TracedCall[],
  {
    requests,
    processorMs,
    logBytes,
  }: { readonly requests: number; readonly processorMs: number; readonly logBytes: number },
): Usage {
  const total = sumOfUsage(calls.map(({ datastore }) => datastore ?? NO_USAGE));
  const shared = Object.entries(total).map(([figure, amount]) => [figure, amount / requests] as const);
  // A message is delivered once: each operation has one subscriber.
  const bytes = calls
    .filter(({ service }) => service === 'pubsub')
    .reduce((sum, { publishedBytes = 0 }) => sum + 2 * Math.max(MESSAGE_BYTES_MIN, publishedBytes), 0);
  return {
    // The cast is safe: the entries are those of a DatastoreUsage.
    datastore: Object.fromEntries(shared) as unknown as DatastoreUsage,
    computeCalls: calls.filter(({ service }) => service === 'compute').length / requests,
    messageBytes: bytes / requests,
    processorMs: processorMs / requests,
    logBytes: logBytes / requests,
  };
}

export interface Serving {
  /** How long an instance is billed for a request, ms. */
  readonly billedMs: number;
  readonly memoryGib: number;
  /** Whether the request comes through API Gateway. */
  readonly gateway: boolean;
}

/** Returns the billed amounts of one request. */
export function amountsOf(
  { datastore, messageBytes, logBytes }: Usage,
  { billedMs, memoryGib, gateway }: Serving,
): Amounts {
  return {
    entityReads: datastore.reads,
    entityWrites: datastore.writes,
    // Rows with an expiry time are deleted once, later.
    entityDeletes: datastore.deletes + datastore.expiring,
    messageBytes,
    logBytes,
    functionRequests: 1,
    processorSeconds: billedMs / 1_000,
    memoryGibSeconds: (billedMs / 1_000) * memoryGib,
    ...(gateway ? { gatewayCalls: 1 } : {}),
  };
}

/**
 * Returns the usage of the naive design: one write a request for its rate limit. Whole writes are the request's own, since
 * most requests take their token from a block.
 */
export function naiveOf(usage: Usage): Usage {
  return { ...usage, datastore: { ...usage.datastore, writes: Math.floor(usage.datastore.writes) + 1 } };
}

/** A month has 730.5 hours on average. */
export const MINUTES_PER_MONTH = 730.5 * 60;

/**
 * Returns the amounts of the naive design for some machines and a month: each machine is polled every minute, and each poll
 * reads its row and writes when it was seen.
 */
export function naivePolling(machines: number): Amounts {
  const polls = machines * MINUTES_PER_MONTH;
  return { entityReads: polls, entityWrites: polls };
}
