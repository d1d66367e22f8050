import type { NetworkInterface } from './instance-resource.ts';
import type { Journal } from './journal.ts';
import { ZONES, regionOf } from './resource-names.ts';

const REGIONS = [...new Set(ZONES.map(regionOf))].sort();

/**
 * Hands out addresses. The search starts at random, which keeps a released public address from coming back at once, as
 * on the real cloud. Public ones are of 198.18.0.0/15, which is reserved for benchmarks, so that nobody's machine
 * answers to them.
 */
export class AddressPool {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Fills in what an interface lacks: the internal address, and a public one per access configuration. */
  assign(networkInterface: NetworkInterface, zone: string, machineId: string): NetworkInterface {
    const { accessConfigs } = networkInterface;
    const networkIP = networkInterface.networkIP ?? this.#internal(zone, machineId);
    this.#journal.takeAddress(networkIP, machineId);
    if (accessConfigs === undefined) return { ...networkInterface, networkIP };
    const assigned = accessConfigs.map((config) => ({ ...config, natIP: config.natIP ?? this.#public(machineId) }));
    return { ...networkInterface, networkIP, accessConfigs: assigned };
  }

  /** Gives back the public addresses that were not the caller's own. */
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

  #internal(zone: string, machineId: string): string {
    const second = 128 + 2 * REGIONS.indexOf(regionOf(zone));
    // A /16 without the network's, the gateway's and the last addresses.
    return this.#take(65_530, machineId, (n) => `10.${second}.${(n + 2) >> 8}.${(n + 2) & 255}`);
  }

  #public(machineId: string): string {
    return this.#take(
      131_068,
      machineId,
      (n) => `198.${18 + ((n + 2) >> 16)}.${((n + 2) >> 8) & 255}.${(n + 2) & 255}`,
    );
  }

  #take(size: number, machineId: string, addressOf: (n: number) => string): string {
    const start = Math.floor(Math.random() * size);
    for (let tried = 0; tried < size; tried += 1) {
      const ip = addressOf((start + tried) % size);
      if (this.#journal.takeAddress(ip, machineId)) return ip;
    }
    throw new Error('All addresses of the range are in use.');
  }
}
