import type { JsonObject } from './json-object.ts';
import type { Journal } from './journal.ts';
import { REGIONS } from './data/zones.ts';
import { fingerprintOf } from './fingerprint.ts';
import { newNumericId } from './operation-resource.ts';
import { pacificTime } from './pacific-time.ts';
import { networkName, resourceUrl, subnetworkName } from './resource-names.ts';

export interface SubnetworkSeed {
  readonly name: string;
  readonly region: string;
  /** An IPv4 range from `/8` to `/29`. Default: an unused /20. */
  readonly ipCidrRange?: string;
}

/**
 * A VPC network. In auto mode it has a subnetwork of the network's name in each region, in addition to those listed.
 */
export interface NetworkSeed {
  /** The only project that has the network. Default: every project has it. */
  readonly project?: string;
  readonly name: string;
  readonly mode: 'auto' | 'custom';
  readonly subnetworks?: readonly SubnetworkSeed[];
}

/** The networks of a new project. */
export const NEW_PROJECT_NETWORKS: readonly NetworkSeed[] = [{ name: 'default', mode: 'auto' }];

export interface Network {
  readonly project: string;
  readonly name: string;
  readonly id: string;
  readonly createdMs: number;
  readonly mode: 'auto' | 'custom';
  readonly subnetworks: readonly Subnetwork[];
}

export interface Subnetwork {
  readonly name: string;
  readonly region: string;
  readonly network: string;
  readonly ipCidrRange: string;
  readonly id: string;
}

const EVERY_PROJECT = '*';
const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const RANGE = /^(?:(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\.){3}(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\/(?:[89]|1\d|2\d)$/;

/** The existing VPC networks and subnetworks. */
export class Networks {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /**
   * Creates a network, or gives an existing one the seed's mode and further subnetworks. Throws an Error that says what
   * is wrong with the seed.
   */
  put(seed: NetworkSeed, nowMs: number): Network {
    const { project = EVERY_PROJECT, name, mode, subnetworks = [] } = seed;
    const problem = networkProblem(seed);
    if (problem !== undefined) throw new Error(problem);
    const key = `${project}/${name}`;
    const known = this.#journal.document('network', key);
    const listed = new Map(
      known?.subnetworks.map((subnetwork) => [`${subnetwork.region}/${subnetwork.name}`, subnetwork]),
    );
    for (const wanted of subnetworks) {
      const place = `${wanted.region}/${wanted.name}`;
      const before = listed.get(place);
      const ipCidrRange = wanted.ipCidrRange ?? before?.ipCidrRange ?? `10.${listed.size % 128}.0.0/20`;
      const { region } = wanted;
      listed.set(place, { name: wanted.name, region, network: name, ipCidrRange, id: before?.id ?? newNumericId() });
    }
    const network: Network = {
      project,
      name,
      mode,
      id: known?.id ?? newNumericId(),
      createdMs: known?.createdMs ?? nowMs,
      subnetworks: [...listed.values()],
    };
    this.#journal.putDocument('network', key, network);
    return network;
  }

  find(project: string, name: string): Network | undefined {
    return (
      this.#journal.document('network', `${project}/${name}`) ??
      this.#journal.document('network', `${EVERY_PROJECT}/${name}`)
    );
  }

  /** Returns all networks of a project, by name. */
  list(project: string): readonly Network[] {
    return this.#journal
      .documents('network')
      .filter((network) => network.project === project || network.project === EVERY_PROJECT)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Returns all networks that `put` created, as seeds. */
  seeds(): readonly NetworkSeed[] {
    return this.#journal.documents('network').map(({ project, name, mode, subnetworks }) => ({
      ...(project === EVERY_PROJECT ? {} : { project }),
      name,
      mode,
      subnetworks: subnetworks.map(({ name: own, region, ipCidrRange }) => ({ name: own, region, ipCidrRange })),
    }));
  }

  findSubnetwork(project: string, region: string, name: string): Subnetwork | undefined {
    return this.subnetworks(project, region).find((subnetwork) => subnetwork.name === name);
  }

  /** Returns all subnetworks of a project in a region, by name. */
  subnetworks(project: string, region: string): readonly Subnetwork[] {
    return this.list(project)
      .flatMap((network) => subnetworksOf(network))
      .filter((subnetwork) => subnetwork.region === region)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** Returns the subnetworks of a network, including those that auto mode adds. */
export function subnetworksOf(network: Network): readonly Subnetwork[] {
  if (network.mode === 'custom') return network.subnetworks;
  const automatic = REGIONS.map((region, index) => ({
    name: network.name,
    region,
    network: network.name,
    // Each region gets a /20 of 10.128.0.0/9, as in real auto mode networks.
    ipCidrRange: `10.${128 + (index >> 4)}.${(index & 15) * 16}.0/20`,
    id: String(BigInt(network.id) + BigInt(index + 1)),
  }));
  return [...automatic, ...network.subnetworks];
}

export function networkResource(network: Network, project: string): JsonObject {
  return {
    kind: 'compute#network',
    id: network.id,
    creationTimestamp: pacificTime(network.createdMs),
    name: network.name,
    selfLink: resourceUrl(networkName(project, network.name)),
    autoCreateSubnetworks: network.mode === 'auto',
    subnetworks: subnetworksOf(network).map(({ region, name }) => resourceUrl(subnetworkName(project, region, name))),
    routingConfig: { routingMode: 'REGIONAL' },
    networkFirewallPolicyEnforcementOrder: 'AFTER_CLASSIC_FIREWALL',
  };
}

export function subnetworkResource(subnetwork: Subnetwork, project: string): JsonObject {
  const { id, name, region, ipCidrRange } = subnetwork;
  return {
    kind: 'compute#subnetwork',
    id,
    name,
    network: resourceUrl(networkName(project, subnetwork.network)),
    ipCidrRange,
    gatewayAddress: ipCidrRange.replace(/\d+\/\d+$/, '1'),
    region: resourceUrl(`projects/${project}/regions/${region}`),
    selfLink: resourceUrl(subnetworkName(project, region, name)),
    privateIpGoogleAccess: false,
    fingerprint: fingerprintOf([id, ipCidrRange]),
    purpose: 'PRIVATE',
    stackType: 'IPV4_ONLY',
  };
}

/** Returns what is wrong with a seed, as a sentence; `undefined` if it is valid. */
export function networkProblem({ name, subnetworks = [] }: NetworkSeed): string | undefined {
  if (!NAME.test(name)) return `A network cannot be named '${name}'.`;
  for (const { name: own, region, ipCidrRange } of subnetworks) {
    if (!NAME.test(own)) return `A subnetwork cannot be named '${own}'.`;
    if (!REGIONS.includes(region)) return `There is no region '${region}'.`;
    if (ipCidrRange !== undefined && !RANGE.test(ipCidrRange)) {
      return `A subnetwork cannot have the range '${ipCidrRange}': IPv4, /8 to /29.`;
    }
  }
  return undefined;
}
