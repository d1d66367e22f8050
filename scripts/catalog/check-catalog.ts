import type { Catalog } from '#shared/catalog/catalog.ts';
import { exportCatalog } from '#shared/catalog/stored-catalog.ts';
import type { Store } from '#shared/datastore/store.ts';
import { checkMachines, type CatalogFindings } from './check-machines.ts';
import { checkProject } from './check-project.ts';
import type { ComputeReader } from './compute-reader.ts';

/**
 * Returns the rows that can never work. Uses what this repository knows of Compute Engine and, given a reader, also
 * asks Compute Engine about the project.
 */
export async function checkCatalog(rows: Catalog, compute: ComputeReader | undefined): Promise<CatalogFindings> {
  const known = checkMachines(rows);
  if (compute === undefined) return known;
  const asked = await checkProject(rows, compute);
  // A problem that both checks find is reported once, with the text of the first check.
  const said = new Set(known.impossible.map(({ pointer }) => pointer));
  return {
    impossible: [...known.impossible, ...asked.impossible.filter(({ pointer }) => !said.has(pointer))],
    warnings: [...known.warnings, ...asked.warnings],
  };
}

/** Checks the stored catalogue in the same way. */
export async function checkStoredCatalog(
  store: Pick<Store, 'query'>,
  compute: ComputeReader | undefined,
): Promise<CatalogFindings> {
  return checkCatalog(await exportCatalog(store), compute);
}

/** Returns the findings as text, one line each. */
export function findingsText({ impossible, warnings }: CatalogFindings): string {
  return [
    ...impossible.map(({ pointer, message }) => `Cannot work: ${pointer}: ${message}\n`),
    ...warnings.map(({ pointer, message }) => `Warning: ${pointer}: ${message}\n`),
  ].join('');
}
