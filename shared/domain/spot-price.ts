import type { Price, PriceStep } from './price.ts';

/**
 * The price of Spot VMs of a machine type: per zone with steps of its own, otherwise general. For a machine type
 * without such a row, Spot VMs cost the on-demand price.
 */
export interface SpotPrice {
  /** Bare machine type. */
  readonly machineType: string;
  /** In ascending order of time; at least one. */
  readonly steps: readonly PriceStep[];
  /** Steps of single zones, keyed by bare zone. */
  readonly zones: Readonly<Record<string, readonly PriceStep[]>>;
}

/** The stored prices of one machine type; `undefined` for one that is not stored. */
export interface ListedPrices {
  readonly onDemand: Price | undefined;
  readonly spot: SpotPrice | undefined;
}

/** Returns the spot price of a machine type in a zone over time, for `priceAt`; `undefined`: the type has no price. */
export function spotPriceIn({ onDemand, spot }: ListedPrices, zone: string): Price | undefined {
  if (spot === undefined) return onDemand;
  const steps = Object.hasOwn(spot.zones, zone) ? spot.zones[zone] : undefined;
  return { machineType: spot.machineType, steps: steps ?? spot.steps };
}

/** Returns the price by which an instance is charged. */
export function priceOf(
  instance: { readonly zone: string; readonly machine: { readonly spot: boolean } },
  prices: ListedPrices,
): Price | undefined {
  return instance.machine.spot ? spotPriceIn(prices, instance.zone) : prices.onDemand;
}
