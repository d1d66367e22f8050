import type { Catalog } from '#shared/catalog/catalog.ts';
import { exportCatalog } from '#shared/catalog/stored-catalog.ts';
import type { Store } from '#shared/datastore/store.ts';
import { checkMachines, type CatalogFindings } from './check-machines.ts';
import { checkProject } from './check-project.ts';
import type { ComputeReader } from './compute-reader.ts';

/** Rows that can never work, by what is known of Compute Engine and, with a reader, by asking it of a project. */
export async function checkCatalog(rows: Catalog, compute: ComputeReader | undefined): Promise<CatalogFindings> {
  const known = checkMachines(rows);
  if (compute === undefined) return known;
  const asked = await checkProject(rows, compute);
  // What both find is said once, in the words of the first.
  const said = new Set(known.impossible.map(({ pointer }) => pointer));
  return {
    impossible: [...known.impossible, ...asked.impossible.filter(({ pointer }) => !said.has(pointer))],
    warnings: [...known.warnings, ...asked.warnings],
  };
}

/** The same of what is stored; for checks of a whole platform. */
export async function checkStoredCatalog(
  store: Pick<Store, 'query'>,
  compute: ComputeReader | undefined,
): Promise<CatalogFindings> {
  return checkCatalog(await exportCatalog(store), compute);
}

/** A line for each finding. */
export function findingsText({ impossible, warnings }: CatalogFindings): string {
  return [
    ...impossible.map(({ pointer, message }) => `Cannot work: ${pointer}: ${message}\n`),
    ...warnings.map(({ pointer, message }) => `Warning: ${pointer}: ${message}\n`),
  ].join('');
}
