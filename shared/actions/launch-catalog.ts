import { allLaunchZones, type LaunchCatalog } from '#shared/domain/launch-zones.ts';
import type { CatalogReader } from './catalog-reader.ts';
import { DEFAULT_CONFIG } from './template-blueprint.ts';

/** What of the catalogue's reader is needed to say what can be launched where. */
export type OfferCatalog = Pick<CatalogReader, 'config' | 'serverTypes' | 'templates'>;

/** The parts of the catalogue that say where machines can be launched. */
export async function readLaunchCatalog(catalog: OfferCatalog) {
  const [serverTypes, templates, config] = await Promise.all([
    catalog.serverTypes(),
    catalog.templates(),
    catalog.config(DEFAULT_CONFIG),
  ]);
  return { serverTypes, templates, config } satisfies LaunchCatalog;
}

/** The zones in which a customer can launch something, and so make volumes. */
export async function readLaunchZones(
  { customerId }: { readonly customerId: string },
  { catalog }: { readonly catalog: OfferCatalog },
): Promise<readonly string[]> {
  return allLaunchZones(await readLaunchCatalog(catalog), customerId);
}
