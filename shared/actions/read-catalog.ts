import type { CatalogReader } from '#shared/actions/catalog-reader.ts';
import {
  ALL_IMAGES,
  ALL_NETWORKS,
  ALL_PRICES,
  ALL_SECURITY_GROUPS,
  ALL_SERVER_TYPES,
  ALL_SUBNETS,
} from '#shared/datastore/queries.ts';
import type { Shape } from '#shared/datastore/query.ts';
import type { Image, Network, SecurityGroup, ServerType, Subnet, Template } from '#shared/domain/catalog.ts';
import { priceAt } from '#shared/domain/price.ts';
import { regionOf, zonesOf } from '#shared/domain/zones.ts';

/** The caller: rows of their customer are included beside those for all customers. */
interface Asked {
  readonly caller: { readonly customerId: string };
}

interface CatalogTools {
  readonly catalog: CatalogReader;
  readonly nowMs: () => number;
}

async function usable<T extends { readonly customerId: string }>(
  shape: Shape<T>,
  { caller }: Asked,
  { catalog }: CatalogTools,
): Promise<readonly T[]> {
  const rows = await catalog.all(shape);
  return rows.filter(({ customerId }) => customerId === '' || customerId === caller.customerId);
}

/** Cents per instance-hour at present, keyed by machine type. */
export type Prices = ReadonlyMap<string, number>;

/** Reads the present on-demand prices; a machine type without a price is absent. */
export async function readPrices({ catalog, nowMs }: CatalogTools): Promise<Prices> {
  const rows = await catalog.all(ALL_PRICES);
  return new Map(
    rows.flatMap((row) => {
      const cents = priceAt(row, nowMs());
      return cents === undefined ? [] : [[row.machineType, cents] as const];
    }),
  );
}

export const readServerTypes = (asked: Asked, tools: CatalogTools): Promise<readonly ServerType[]> =>
  usable(ALL_SERVER_TYPES, asked, tools);
export const readImages = (asked: Asked, tools: CatalogTools): Promise<readonly Image[]> =>
  usable(ALL_IMAGES, asked, tools);
export const readVpcs = (asked: Asked, tools: CatalogTools): Promise<readonly Network[]> =>
  usable(ALL_NETWORKS, asked, tools);
export const readSubnets = (asked: Asked, tools: CatalogTools): Promise<readonly Subnet[]> =>
  usable(ALL_SUBNETS, asked, tools);
export const readSecurityGroups = (asked: Asked, tools: CatalogTools): Promise<readonly SecurityGroup[]> =>
  usable(ALL_SECURITY_GROUPS, asked, tools);

/** A region, with the zones, subnets and templates that the caller can use there. */
export interface RegionOffer {
  readonly region: string;
  readonly zones: readonly string[];
  readonly subnets: readonly Subnet[];
  readonly templates: readonly Template[];
}

/** Returns the regions of all templates, network configs and subnets that the caller can use, in alphabetical order. */
export async function readRegions(asked: Asked, tools: CatalogTools): Promise<readonly RegionOffer[]> {
  const [templates, configs, subnets] = await Promise.all([
    tools.catalog.templates(),
    tools.catalog.configs(),
    readSubnets(asked, tools),
  ]);
  const regions = [...templates, ...subnets].map(({ region }) => region);
  const names = new Set([...regions, ...configs.map(({ zone }) => regionOf(zone))]);
  return [...names].sort().map((region) => ({
    region,
    zones: zonesOf(region),
    subnets: subnets.filter((subnet) => subnet.region === region),
    templates: templates.filter((template) => template.region === region),
  }));
}
