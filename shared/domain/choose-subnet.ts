import type { Subnet } from './catalog.ts';
import { regionOf } from './zones.ts';

/** The subnet for a VM whose request names only a network, or why none can be chosen. */
export type SubnetChoice =
  | { readonly subnet: Subnet }
  /** The catalogue has no subnet of the network; for a network in auto mode, Compute Engine chooses one. */
  | { readonly subnet: undefined; readonly why: 'none known'; readonly problem: undefined }
  /**
   * Several subnets are possible, or none is in the region. `problem` continues a sentence about the network: "has
   * several …".
   */
  | { readonly subnet: undefined; readonly why: 'several' | 'elsewhere'; readonly problem: string };

/** Maximum number of subnets listed in a message. */
const LISTED_MAX = 10;

/**
 * Chooses the only subnet in the zone's region from `subnets`, which must belong to one network. For a network in
 * custom mode, Compute Engine requires the request to name a subnet.
 */
export function chooseSubnet(subnets: readonly Subnet[], zone: string): SubnetChoice {
  const region = regionOf(zone);
  const near = subnets.filter((subnet) => subnet.region === region);
  const [only, ...others] = near;
  if (only !== undefined && others.length === 0) return { subnet: only };
  if (only !== undefined) {
    return { subnet: undefined, why: 'several', problem: `has several subnets in ${region}: ${listed(near)}` };
  }
  if (subnets.length === 0) return { subnet: undefined, why: 'none known', problem: undefined };
  return { subnet: undefined, why: 'elsewhere', problem: `has no subnet in ${region}, but others: ${listed(subnets)}` };
}

/** `subnet-a (us-central1), subnet-b (europe-west1)`, at most ten. */
function listed(subnets: readonly Subnet[]): string {
  const shown = subnets.slice(0, LISTED_MAX).map(({ id, region }) => `${id} (${region})`);
  const more = subnets.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
