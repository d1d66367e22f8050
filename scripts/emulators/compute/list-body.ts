import { ZONES } from './data/zones.ts';
import type { Page } from './list-page.ts';
import { resourceUrl } from './resource-names.ts';

export function listBody(kind: string, base: string, { items, nextPageToken }: Page<object>): object {
  return {
    kind,
    id: base,
    ...(items.length === 0 ? {} : { items }),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
    selfLink: resourceUrl(base),
  };
}

interface Zonal {
  readonly zone: string;
  readonly resource: object;
}

/** Returns an aggregated list, by zone; a zone without entries has a warning that says so. */
export function aggregatedBody(
  kind: string,
  base: string,
  collection: string,
  { items, nextPageToken }: Page<Zonal>,
): object {
  const byZone = new Map<string, object[]>(ZONES.map((zone) => [zone, []]));
  for (const { zone, resource } of items) byZone.get(zone)?.push(resource);
  return {
    kind,
    id: base,
    items: Object.fromEntries(
      [...byZone].map(([zone, resources]) => [
        `zones/${zone}`,
        resources.length > 0 ? { [collection]: resources } : { warning: noResults(zone) },
      ]),
    ),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
    selfLink: resourceUrl(base),
  };
}

function noResults(zone: string): object {
  return {
    code: 'NO_RESULTS_ON_PAGE',
    message: `There are no results for scope 'zones/${zone}' on this page.`,
    data: [{ key: 'scope', value: `zones/${zone}` }],
  };
}
