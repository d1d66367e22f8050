import type { NetworkSeed, SubnetworkSeed } from '#scripts/emulators/compute/networks.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';

/**
 * Returns the VPC networks that the rows of a catalogue name, as if Terraform had created them. `default` is in auto
 * mode, as in a new project; the others are in custom mode with the subnetworks that rows name.
 */
export function networksOf(catalog: Pick<Catalog, 'configs' | 'networks' | 'subnets'>): readonly NetworkSeed[] {
  const subnetworks = new Map<string, SubnetworkSeed[]>([['default', []]]);
  const note = (network: string, subnetwork: string) => {
    const name = lastSegment(network);
    const known = subnetworks.get(name) ?? [];
    subnetworks.set(name, known);
    const match = /regions\/([^/]+)\/subnetworks\/([^/]+)$/.exec(subnetwork);
    const [, region, own] = match ?? [];
    if (region === undefined || own === undefined || (name === 'default' && own === 'default')) return;
    if (!known.some((one) => one.region === region && one.name === own)) known.push({ name: own, region });
  };
  for (const { network, subnetwork } of Object.values(catalog.configs ?? {})) note(network, subnetwork);
  for (const { network } of Object.values(catalog.networks ?? {})) note(network, '');
  for (const { vpcId, subnetwork } of Object.values(catalog.subnets ?? {})) {
    const network = catalog.networks?.[vpcId]?.network;
    if (network !== undefined) note(network, subnetwork);
  }
  return [...subnetworks].map(([name, own]) => ({
    name,
    mode: name === 'default' ? ('auto' as const) : ('custom' as const),
    subnetworks: own,
  }));
}

function lastSegment(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}
