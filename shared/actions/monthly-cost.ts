import { PROJECTS_OF_CUSTOMER, priceTimeline } from '#shared/datastore/queries.ts';
import type { PricePeriod } from '#shared/domain/metering.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface MonthlyCost {
  /** The amount charged since the first of the month, in UTC. */
  readonly cents: number;
  readonly sinceMs: number;
  /** False: a project has more price periods than are read, so the sum is too low. */
  readonly complete: boolean;
}

const PAGE_SIZE = 300;
/** Maximum number of price periods read per project. */
const PERIODS_MAX = 15_000;
const HOUR_MS = 3_600_000;

/** Sums what a customer's instances have cost this month, including deleted ones, by reading the price periods. */
export async function monthlyCost(
  customerId: string,
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<MonthlyCost> {
  const untilMs = nowMs();
  const now = new Date(untilMs);
  const sinceMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
  const { rows } = await store.query(
    PROJECTS_OF_CUSTOMER,
    { customerId: { stringValue: customerId } },
    { limit: PAGE_SIZE },
  );
  // The project `""` holds the instances of users without a project, for all customers.
  const projects = ['', ...rows.map(({ id }) => id)];
  let cents = 0;
  let complete = true;
  for (const project of projects) {
    let cursor: string | undefined;
    let read = 0;
    do {
      const page = await store.query(
        priceTimeline(new Set()),
        { project: { stringValue: project } },
        { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) },
      );
      const own = page.rows.map(({ value }) => value).filter((period) => period.customerId === customerId);
      cents += own.reduce((sum, period) => sum + centsOf(period, sinceMs, untilMs), 0);
      read += page.rows.length;
      cursor = page.cursor;
    } while (cursor !== undefined && read < PERIODS_MAX);
    complete &&= cursor === undefined;
  }
  return { cents: Math.round(cents), sinceMs, complete };
}

/** Returns the cost of a period between two times, in cents. Credits are not part of price periods. */
function centsOf({ priceCents, startMs, endMs }: PricePeriod, sinceMs: number, untilMs: number): number {
  const ms = Math.min(endMs ?? untilMs, untilMs) - Math.max(startMs, sinceMs);
  return ms <= 0 ? 0 : (ms / HOUR_MS) * priceCents;
}
