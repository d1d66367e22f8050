import type { Price, PriceStep } from './price.ts';

/**
 * What a Spot VM of a machine type costs: in the zones that have steps of their own, and everywhere else. A machine type
 * without such a row costs as a Spot VM what it costs on demand.
 */
export interface SpotPrice {
  /** Bare machine type. */
  readonly machineType: string;
  /** Ascending order of time; at least one. */
  readonly steps: readonly PriceStep[];
  /** By bare zone. */
  readonly zones: Readonly<Record<string, readonly PriceStep[]>>;
}

/** What is on record about one machine type; `undefined` where there is nothing. */
export interface ListedPrices {
  readonly onDemand: Price | undefined;
  readonly spot: SpotPrice | undefined;
}

/** The spot price of a machine type in a zone over time; `undefined`: it has no price at all. `priceAt` reads it. */
export function spotPriceIn({ onDemand, spot }: ListedPrices, zone: string): Price | undefined {
  if (spot === undefined) return onDemand;
  const steps = Object.hasOwn(spot.zones, zone) ? spot.zones[zone] : undefined;
  return { machineType: spot.machineType, steps: steps ?? spot.steps };
}

/** The price that an instance is charged by. */
export function priceOf(
  instance: { readonly zone: string; readonly machine: { readonly spot: boolean } },
  prices: ListedPrices,
): Price | undefined {
  return instance.machine.spot ? spotPriceIn(prices, instance.zone) : prices.onDemand;
}
