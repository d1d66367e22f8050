import type { Contract, FallbackContract } from '#shared/contracts/contract.ts';

export interface Route {
  readonly path: string;
  /** The contract of each method of the path. */
  readonly contracts: readonly Contract[];
  /** The allowed methods in upper case, sorted; HEAD is included if GET is. */
  readonly allow: readonly string[];
}

/** Returns the paths in the order of their first contract, each with all its methods. */
export function routesOf(contracts: readonly Contract[]): readonly Route[] {
  const byPath = Map.groupBy(contracts, (contract) => contract.path);
  return [...byPath].map(([path, these]) => {
    const methods = these.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    return { path, contracts: these, allow: methods.sort() };
  });
}

/** Returns the fallback that answers for a path; every path has one. */
export function fallbackOf(path: string, fallbacks: readonly FallbackContract[]): FallbackContract {
  const found = fallbacks.find(({ prefixes }) => prefixes.some((prefix) => isBelow(path, prefix)));
  if (found === undefined) throw new Error(`No fallback has a prefix of ${path}.`);
  return found;
}

export function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}
