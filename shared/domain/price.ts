/** From when on which price holds. */
export interface PriceStep {
  /** Cents per instance-hour. */
  readonly priceCents: number;
  readonly fromMs: number;
}

/** What a machine type costs: every price it had, has and is known to get, in ascending order of time. */
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
 * The moments after `sinceMs`, and not after `nowMs`, at which a running period of `priceCents` has to end because the
 * price changed, each with the new price. A list that was rewritten without a time of its own counts from now on: what
 * was charged is never changed afterwards.
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
