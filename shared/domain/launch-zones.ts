import type { NetworkConfig, ServerType, Template } from './catalog.ts';
import { regionOf, zonesOf } from './zones.ts';

/** The parts of the catalogue that determine where machines can be launched. */
export interface LaunchCatalog {
  readonly serverTypes: readonly Pick<ServerType, 'customerId' | 'machineType'>[];
  readonly templates: readonly Pick<Template, 'machineType' | 'region'>[];
  /** The network of launched machines. */
  readonly config: Pick<NetworkConfig, 'zone'>;
}

/**
 * Returns the zones in which each machine type can be launched, in order: those of the default network's region for a
 * server type, and those of the template's region for a template.
 */
export function launchZones(
  { serverTypes, templates, config }: LaunchCatalog,
  customerId: string,
): ReadonlyMap<string, readonly string[]> {
  const regions = new Map<string, Set<string>>();
  const add = (machineType: string, region: string) =>
    regions.set(machineType, (regions.get(machineType) ?? new Set()).add(region));
  for (const type of serverTypes) {
    if (type.customerId === '' || type.customerId === customerId) add(type.machineType, regionOf(config.zone));
  }
  for (const { machineType, region } of templates) add(machineType, region);
  return new Map([...regions].map(([type, found]) => [type, [...found].flatMap(zonesOf).sort()]));
}

/** Returns every zone in which at least one machine type can be launched. */
export function allLaunchZones(catalog: LaunchCatalog, customerId: string): readonly string[] {
  return [...new Set([...launchZones(catalog, customerId).values()].flat())].sort();
}
