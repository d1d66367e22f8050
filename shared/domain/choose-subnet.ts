import type { Subnet } from './catalog.ts';
import { regionOf } from './zones.ts';

/** The subnet for a VM whose order names a network only, or why there is none. */
export type SubnetChoice =
  | { readonly subnet: Subnet }
  /** The catalogue has no subnet of the network: in auto mode Compute Engine chooses one. */
  | { readonly subnet: undefined; readonly among: readonly [] }
  /** More than one would do, or none in the region. */
  | { readonly subnet: undefined; readonly among: readonly [Subnet, ...Subnet[]] };

/** Subnets that a message lists. */
const LISTED_MAX = 10;

/**
 * A custom mode network gives no VM a subnet by itself, so an order must name one: the only one in the zone's region, or
 * the only one at all, wherever it is. `subnets` are those of one network.
 */
export function chooseSubnet(subnets: readonly Subnet[], zone: string): SubnetChoice {
  const near = subnets.filter(({ region }) => region === regionOf(zone));
  const among = near.length > 0 ? near : subnets;
  const [first, ...others] = among;
  if (first === undefined) return { subnet: undefined, among: [] };
  return others.length === 0 ? { subnet: first } : { subnet: undefined, among: [first, ...others] };
}

/** `subnet-a (us-central1), subnet-b (europe-west1)`, at most ten. */
export function subnetList(subnets: readonly Subnet[]): string {
  const shown = subnets.slice(0, LISTED_MAX).map(({ id, region }) => `${id} (${region})`);
  const more = subnets.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
