import { readObjects, readReference } from './body-members.ts';
import { invalidField, unknownReference } from './compute-error.ts';
import { regionOf } from './data/zones.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { AccessConfig, NetworkInterface } from './instance-resource.ts';
import type { JsonObject } from './json-object.ts';
import { subnetworksOf } from './networks.ts';
import type { Network, Networks, Subnetwork } from './networks.ts';
import { networkName, parseResourceName, resourceUrl, subnetworkName } from './resource-names.ts';

/** Members with an effect; the others are returned as they were sent. */
const READ = ['network', 'subnetwork', 'networkIP', 'accessConfigs'];

interface Place {
  readonly project: string;
  readonly zone: string;
}

/**
 * Reads the network interfaces of an insert. Throws Compute Engine's errors: a custom mode network without a subnetwork
 * (terraform-provider-google#175, bdutil#88), a network or subnetwork that does not exist
 * (terraform-provider-google#2140), two interfaces in one subnetwork. The texts for a subnetwork of another network or
 * region are not known; both are reported as 400 `invalid` of `subnetwork`.
 */
export function readInterfaces(body: JsonObject, place: Place, networks: Networks): readonly NetworkInterface[] {
  const asked = readObjects(body, 'networkInterfaces', 'resource');
  if (asked.length === 0) {
    throw invalidField('resource.networkInterfaces', '', 'At least one network interface is required.');
  }
  const interfaces = asked.map((item, index) => readInterface(item, index, place, networks));
  interfaces.forEach(({ network, subnetwork }, index) => {
    const before = interfaces.slice(0, index);
    const path = `resource.networkInterfaces[${index}]`;
    if (before.some((other) => other.subnetwork === subnetwork)) {
      throw invalidField(`${path}.subnetwork`, '', 'Subnetworks must be distinct for NICs attached to a VM.');
    }
    if (before.some((other) => other.network === network)) {
      throw invalidField(`${path}.network`, '', 'Networks must be distinct for NICs attached to a VM.');
    }
  });
  return interfaces;
}

function readInterface(item: JsonObject, index: number, place: Place, networks: Networks): NetworkInterface {
  const path = `resource.networkInterfaces[${index}]`;
  const { network, subnetwork, project } = findPlace(item, path, place, networks);
  const networkIP = readReference(item, 'networkIP', path);
  const accessConfigs = readObjects(item, 'accessConfigs', path).map((config) => readAccessConfig(config, path));
  if (accessConfigs.length > 1) {
    throw invalidField(`${path}.accessConfigs`, '', 'At most one access config currently supported.');
  }
  const kept = Object.fromEntries(Object.entries(item).filter(([member]) => !READ.includes(member)));
  return {
    stackType: 'IPV4_ONLY',
    ...kept,
    kind: 'compute#networkInterface',
    name: `nic${index}`,
    network: resourceUrl(networkName(project, network.name)),
    subnetwork: resourceUrl(subnetworkName(project, subnetwork.region, subnetwork.name)),
    ...(networkIP === undefined ? {} : { networkIP }),
    ...(accessConfigs.length === 0 ? {} : { accessConfigs }),
    fingerprint: fingerprintOf(item),
  };
}

interface FoundPlace {
  readonly project: string;
  readonly network: Network;
  readonly subnetwork: Subnetwork;
}

function findPlace(item: JsonObject, path: string, place: Place, networks: Networks): FoundPlace {
  const named = findNetwork(item, path, place.project, networks);
  const reference = readReference(item, 'subnetwork', path);
  if (reference !== undefined) {
    const found = findSubnetwork(reference, `${path}.subnetwork`, place, networks);
    if (named !== undefined && named.network.name !== found.network.name) {
      const why = `The subnetwork must belong to the network '${named.network.name}'.`;
      throw invalidField(`${path}.subnetwork`, reference, why);
    }
    return found;
  }
  // An interface without network and subnetwork is in the default network.
  const { project, network } = named ?? findDefault(path, place.project, networks);
  if (network.mode === 'custom') {
    throw invalidField(path, '', 'Subnetwork should be specified for custom subnetmode network');
  }
  const region = regionOf(place.zone);
  const subnetwork = subnetworksOf(network).find((item) => item.region === region && item.name === network.name);
  if (subnetwork === undefined) throw new Error(`The network ${network.name} has no subnetwork in ${region}.`);
  return { project, network, subnetwork };
}

function findDefault(path: string, project: string, networks: Networks) {
  const network = networks.find(project, 'default');
  if (network === undefined) throw unknownReference(`${path}.network`, 'global/networks/default', 'network');
  return { project, network };
}

function findNetwork(item: JsonObject, path: string, project: string, networks: Networks) {
  const reference = readReference(item, 'network', path);
  if (reference === undefined) return undefined;
  const match = /^projects\/([^/]+)\/global\/networks\/([^/]+)$/.exec(parseResourceName(reference, project));
  const [, owner, name] = match ?? [];
  if (owner === undefined || name === undefined) {
    throw invalidField(`${path}.network`, reference, 'The URL is malformed.');
  }
  const network = networks.find(owner, name);
  if (network === undefined) throw unknownReference(`${path}.network`, reference, 'network');
  return { project: owner, network };
}

function findSubnetwork(reference: string, field: string, place: Place, networks: Networks): FoundPlace {
  const resourceName = parseResourceName(reference, place.project);
  const match = /^projects\/([^/]+)\/regions\/([^/]+)\/subnetworks\/([^/]+)$/.exec(resourceName);
  const [, project, region, name] = match ?? [];
  if (project === undefined || region === undefined || name === undefined) {
    throw invalidField(field, reference, 'The URL is malformed.');
  }
  const subnetwork = networks.findSubnetwork(project, region, name);
  const network = subnetwork === undefined ? undefined : networks.find(project, subnetwork.network);
  if (subnetwork === undefined || network === undefined) throw unknownReference(field, reference, 'subnetwork');
  if (region !== regionOf(place.zone)) {
    throw invalidField(field, reference, `The subnetwork must be in the region '${regionOf(place.zone)}'.`);
  }
  return { project, network, subnetwork };
}

function readAccessConfig(config: JsonObject, path: string): AccessConfig {
  const type = readReference(config, 'type', `${path}.accessConfigs`) ?? 'ONE_TO_ONE_NAT';
  if (type !== 'ONE_TO_ONE_NAT') {
    throw invalidField(`${path}.accessConfigs[0].type`, type, 'Only ONE_TO_ONE_NAT is supported.');
  }
  const natIP = readReference(config, 'natIP', `${path}.accessConfigs`);
  return {
    ...config,
    kind: 'compute#accessConfig',
    type,
    name: readReference(config, 'name', `${path}.accessConfigs`) ?? 'External NAT',
    ...(natIP === undefined ? {} : { natIP }),
    networkTier: readReference(config, 'networkTier', `${path}.accessConfigs`) ?? 'PREMIUM',
  };
}
