import type { InvalidField } from '#shared/domain/failure.ts';
import { regionIn, regionOf } from '#shared/domain/zones.ts';
import type { Catalog, Entries, PriceStepEntry, SectionName } from './catalog.ts';

/** The catalogue after applying the file: entries of the file, and stored entries that are kept. */
export type Outlook = { readonly [S in SectionName]: ReadonlyMap<string, Entries[S]> };

/** Returns every reference in the file that leads nowhere, with its position. */
export function checkReferences(catalog: Catalog, outlook: Outlook): readonly InvalidField[] {
  const problems: InvalidField[] = [];
  const problem = (pointer: string, rule: string, message: string) => {
    problems.push({ place: 'body', pointer, rule, message });
  };

  for (const [id, config] of Object.entries(catalog.configs ?? {})) {
    const region = regionIn(config.subnetwork);
    if (region !== undefined && region !== regionOf(config.zone)) {
      problem(
        `/configs/${id}/subnetwork`,
        'region',
        `is in ${region}, but the zone ${config.zone} is in ${regionOf(config.zone)}`,
      );
    }
  }

  for (const [id, subnet] of Object.entries(catalog.subnets ?? {})) {
    const vpc = outlook.networks.get(subnet.vpcId);
    if (vpc === undefined) {
      problem(`/subnets/${id}/vpcId`, 'reference', `names no network; ${known(outlook.networks)}`);
    } else if (vpc.customerId !== undefined && vpc.customerId !== '' && vpc.customerId !== subnet.customerId) {
      problem(
        `/subnets/${id}/customerId`,
        'owner',
        `must be ${vpc.customerId}, the owner of ${subnet.vpcId}: nobody else may use that network`,
      );
    }
    const region = regionIn(subnet.subnetwork);
    if (region !== undefined && region !== subnet.region) {
      problem(`/subnets/${id}/subnetwork`, 'region', `is in ${region}, but the region is ${subnet.region}`);
    }
    if (subnet.zone !== '' && regionOf(subnet.zone) !== subnet.region) {
      problem(`/subnets/${id}/zone`, 'region', `must be in ${subnet.region}, as ${subnet.region}-a is, or ""`);
    }
  }

  for (const [id, { minGb, maxGb }] of Object.entries(catalog.volumeTypes ?? {})) {
    if (minGb > maxGb) problem(`/volumeTypes/${id}/maxGb`, 'minimum', `must be at least minGb, which is ${minGb}`);
  }

  for (const [pointer, steps] of priceSteps(catalog)) {
    for (const [i, step] of steps.entries()) {
      const before = steps[i - 1];
      if (before !== undefined && Date.parse(step.from) <= Date.parse(before.from)) {
        problem(`${pointer}/${i}/from`, 'order', `must be later than the step before it, ${before.from}`);
      }
    }
  }
  return problems;
}

/** Returns every list of price steps in the file, with its JSON pointer. */
function priceSteps(catalog: Catalog): readonly (readonly [string, readonly PriceStepEntry[]])[] {
  return [
    ...Object.entries(catalog.prices ?? {}).map(
      ([machineType, { steps }]) => [`/prices/${machineType}/steps`, steps] as const,
    ),
    ...Object.entries(catalog.spotPrices ?? {}).flatMap(([machineType, { steps, zones = {} }]) => [
      [`/spotPrices/${machineType}/steps`, steps] as const,
      ...Object.entries(zones).map(([zone, own]) => [`/spotPrices/${machineType}/zones/${zone}`, own] as const),
    ]),
  ];
}

/** Returns warnings about entries that are valid but probably mistakes. `customers`: the existing customers. */
export function catalogWarnings(catalog: Catalog, outlook: Outlook, customers: ReadonlySet<string>): readonly string[] {
  const warnings: string[] = [];
  for (const section of ['templates', 'serverTypes'] as const) {
    const entries: Readonly<Record<string, { readonly machineType: string }>> = catalog[section] ?? {};
    for (const [id, { machineType }] of Object.entries(entries)) {
      if (outlook.prices.has(machineType)) continue;
      warnings.push(`/${section}/${id}: ${machineType} has no price, so its instances have no price history.`);
    }
  }
  for (const { pointer, customerId } of owners(catalog)) {
    if (!customers.has(customerId)) warnings.push(`${pointer}: customer ${customerId} does not exist (yet).`);
  }
  return warnings;
}

const OWNED_SECTIONS = ['serverTypes', 'images', 'networks', 'subnets', 'securityGroups', 'sshKeys'] as const;

/** Returns the customers that the file names as owners. */
export function owners(catalog: Catalog): readonly { readonly pointer: string; readonly customerId: string }[] {
  return OWNED_SECTIONS.flatMap((section) => {
    const entries: Readonly<Record<string, { readonly customerId?: string }>> = catalog[section] ?? {};
    return Object.entries(entries).flatMap(([id, { customerId = '' }]) =>
      customerId === '' ? [] : [{ pointer: `/${section}/${id}/customerId`, customerId }],
    );
  });
}

function known(entries: ReadonlyMap<string, unknown>): string {
  const ids = [...entries.keys()];
  if (ids.length === 0) return 'there are none';
  const shown = ids.slice(0, 10).join(', ');
  return `there are ${shown}${ids.length > 10 ? ` and ${ids.length - 10} more` : ''}`;
}
