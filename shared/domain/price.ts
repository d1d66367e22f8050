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
