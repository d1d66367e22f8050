import { allLaunchZones, type LaunchCatalog } from '#shared/domain/launch-zones.ts';
import type { CatalogReader } from './catalog-reader.ts';
import { DEFAULT_CONFIG } from './template-blueprint.ts';

/** The catalogue reads that are needed to determine what can be launched in which zone. */
export type OfferCatalog = Pick<CatalogReader, 'config' | 'serverTypes' | 'templates'>;

/** Reads the parts of the catalogue that determine where machines can be launched. */
export async function readLaunchCatalog(catalog: OfferCatalog) {
  const [serverTypes, templates, config] = await Promise.all([
    catalog.serverTypes(),
    catalog.templates(),
    catalog.config(DEFAULT_CONFIG),
  ]);
  return { serverTypes, templates, config } satisfies LaunchCatalog;
}

/** Returns the zones in which a customer can launch instances. Volumes can be created in the same zones. */
export async function readLaunchZones(
  { customerId }: { readonly customerId: string },
  { catalog }: { readonly catalog: OfferCatalog },
): Promise<readonly string[]> {
  return allLaunchZones(await readLaunchCatalog(catalog), customerId);
}
