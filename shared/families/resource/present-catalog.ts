import type { Prices, RegionOffer } from '#shared/actions/read-catalog.ts';
import type { Image, Network, SecurityGroup, ServerType, Subnet } from '#shared/domain/catalog.ts';
import { CURRENCY } from '../currency.ts';

/** Maximum size of a spec's boot disk: Compute Engine's limit for persistent disks. */
const DISK_GB_MAX = 65_536;

function entry<Spec>(id: string, name: string, spec: Spec) {
  return { id, metadata: { name }, spec };
}

export function presentServerType(type: ServerType, prices: Prices) {
  const cents = prices.get(type.machineType);
  return entry(type.id, type.id, {
    machine_type: type.machineType,
    series: type.series,
    vcpus: type.vcpus,
    memory_mb: type.memoryMb,
    disk_gb: type.diskSizeGb,
    disk_gb_max: DISK_GB_MAX,
    disk_type: type.diskType,
    price: cents === undefined ? null : { cents_per_hour: cents, currency: CURRENCY },
  });
}

export function presentImage({ id, name, image }: Image) {
  return entry(id, name, { image });
}

export function presentVpc({ id, name, network }: Network, subnets: readonly Subnet[]) {
  const own = subnets.filter(({ vpcId }) => vpcId === id).map((subnet) => subnet.id);
  return entry(id, name, { network, subnet_ids: own });
}

export function presentSubnet({ id, name, vpcId, subnetwork, region, zone }: Subnet) {
  return entry(id, name, { vpc_id: vpcId, subnetwork, region, zone });
}

export function presentSecurityGroup({ id, name, tags }: SecurityGroup) {
  return entry(id, name, { tags });
}

export function presentRegion({ region, zones, subnets, templates }: RegionOffer) {
  const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);
  return entry(region, region, { zones, subnet_ids: ids(subnets), template_ids: ids(templates) });
}
