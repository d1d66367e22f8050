import type { NetworkConfig } from './catalog.ts';

/**
 * The network in which machines of a zone are launched: the first by id that gives an external address, without which nobody
 * could log in. A zone without such a network has no offers.
 */
export function launchNetwork(configs: readonly NetworkConfig[], zone: string): NetworkConfig | undefined {
  return launchNetworks(configs).get(zone);
}

/** The network of every zone in which machines can be launched. */
export function launchNetworks(configs: readonly NetworkConfig[]): ReadonlyMap<string, NetworkConfig> {
  const sorted = [...configs].filter(({ externalIp }) => externalIp).sort((a, b) => (a.id < b.id ? -1 : 1));
  const networks = new Map<string, NetworkConfig>();
  for (const config of sorted) if (!networks.has(config.zone)) networks.set(config.zone, config);
  return networks;
}
