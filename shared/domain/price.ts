/** A price and the time from which it applies. */
export interface PriceStep {
  /** Cents per instance-hour. */
  readonly priceCents: number;
  readonly fromMs: number;
}

/** The on-demand prices of a machine type over time: past, present and published future ones, oldest first. */
export interface Price {
  /** Bare machine type. */
  readonly machineType: string;
  readonly steps: readonly PriceStep[];
}

/** Cents per instance-hour at that time; `undefined` before the first step. */
export function priceAt(price: Price, atMs: number): number | undefined {
  return price.steps.findLast((step) => step.fromMs <= atMs)?.priceCents;
}

/**
 * Returns the price changes after `sinceMs` and up to `nowMs` at which a running period of `priceCents` has to end. If
 * the list was rewritten without a time for the change, the new price applies from now on, because past charges are
 * never changed.
 */
export function priceChanges(
  price: Price,
  period: { readonly priceCents: number; readonly sinceMs: number },
  nowMs: number,
): readonly PriceStep[] {
  const changes: PriceStep[] = [];
  let current = period.priceCents;
  for (const step of price.steps) {
    if (step.fromMs <= period.sinceMs || step.fromMs > nowMs) continue;
    if (step.priceCents !== current) changes.push(step);
    current = step.priceCents;
  }
  const priceCents = priceAt(price, nowMs);
  return priceCents === undefined || priceCents === current ? changes : [...changes, { priceCents, fromMs: nowMs }];
}
