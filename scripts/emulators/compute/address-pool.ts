import type { NetworkInterface } from './instance-resource.ts';
import type { Journal } from './journal.ts';
import type { Networks } from './networks.ts';

/** Number of addresses in a public range. */
const PUBLIC_SIZE = 131_068;
/** Google reserves four addresses of a subnetwork: the network's, the gateway's and the last two. */
const RESERVED = 4;

/**
 * Assigns addresses. The search starts at a random place, so that a released public address is not reused at once, as
 * on the real cloud. Public addresses are taken from 198.18.0.0/15, which is reserved for benchmarks, so that no real
 * machine answers at them.
 */
export class AddressPool {
  readonly #journal: Journal;
  readonly #networks: Networks;

  constructor(journal: Journal, networks: Networks) {
    this.#journal = journal;
    this.#networks = networks;
  }

  /** Reserves the internal address of an interface for the VM's life. `undefined` if its subnetwork has none left. */
  reserve({ subnetwork, networkIP }: NetworkInterface, machineId: string): string | undefined {
    const { project, region, name } = placeOf(subnetwork);
    const found = this.#networks.findSubnetwork(project, region, name);
    const key = `${project}/${found?.network ?? name}`;
    if (networkIP !== undefined) {
      this.#journal.takeAddress(`${key}/${networkIP}`, machineId);
      return networkIP;
    }
    const [base = '10.0.0.0', bits = '20'] = (found?.ipCidrRange ?? '').split('/');
    const first = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    const size = 2 ** (32 - Number(bits)) - RESERVED;
    return this.#take(size, machineId, (n) => textOf(first + 2 + n), key);
  }

  /**
   * Returns the interface with addresses, once its VM has a host: the reserved internal one, and a public one per
   * access config.
   */
  assign(networkInterface: NetworkInterface, internalIp: string | undefined, machineId: string): NetworkInterface {
    const { accessConfigs } = networkInterface;
    const networkIP = networkInterface.networkIP ?? internalIp;
    const assigned = accessConfigs?.map((config) => ({ ...config, natIP: config.natIP ?? this.#public(machineId) }));
    return {
      ...networkInterface,
      ...(networkIP === undefined ? {} : { networkIP }),
      ...(assigned === undefined ? {} : { accessConfigs: assigned }),
    };
  }

  /**
   * Releases the public addresses, except for those that the caller reserved, and returns the interface without them.
   */
  release(networkInterface: NetworkInterface, staticNatIps: readonly string[]): NetworkInterface {
    const { accessConfigs } = networkInterface;
    if (accessConfigs === undefined) return networkInterface;
    const left = accessConfigs.map((config) => {
      const { natIP, ...rest } = config;
      if (natIP === undefined || staticNatIps.includes(natIP)) return config;
      this.#journal.releaseAddress(natIP);
      return rest;
    });
    return { ...networkInterface, accessConfigs: left };
  }

  #public(machineId: string): string {
    const address = this.#take(
      PUBLIC_SIZE,
      machineId,
      (n) => `198.${18 + ((n + 2) >> 16)}.${((n + 2) >> 8) & 255}.${(n + 2) & 255}`,
    );
    if (address === undefined) throw new Error('All public addresses are in use.');
    return address;
  }

  /** Reserves an address. `key` distinguishes the same address in different networks. */
  #take(size: number, machineId: string, addressOf: (n: number) => string, key?: string): string | undefined {
    const start = Math.floor(Math.random() * size);
    for (let tried = 0; tried < size; tried += 1) {
      const ip = addressOf((start + tried) % size);
      if (this.#journal.takeAddress(key === undefined ? ip : `${key}/${ip}`, machineId)) return ip;
    }
    return undefined;
  }
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

function placeOf(subnetwork: string) {
  const match = /projects\/([^/]+)\/regions\/([^/]+)\/subnetworks\/([^/]+)$/.exec(subnetwork);
  return { project: match?.[1] ?? '', region: match?.[2] ?? '', name: match?.[3] ?? '' };
}
