import type { CompositeIndex } from './index-definitions.ts';
import type { CompiledQuery, Conjunction, SortComponent } from './query.ts';
import { KEY } from './query.ts';

/** An index that a query needs and that does not exist, with the members of index.yaml. */
export interface MissingIndex extends CompositeIndex {
  readonly hasAncestor: boolean;
}

/**
 * Returns the composite index that the query lacks, by Datastore's rules
 * (https://docs.cloud.google.com/datastore/docs/concepts/indexes,
 * https://docs.cloud.google.com/datastore/docs/concepts/optimize-indexes):
 *
 * - equalities alone are merged from the indexes that every property has, also with an ancestor, and so is a single
 *   order or inequality without equalities;
 * - otherwise a composite index must contain equalities, in any order, and then exactly the order;
 * - several indexes that end in the same order are merged, so that together they may contain the equalities;
 * - an order or an inequality below an ancestor needs an index with ancestors, which this project never declares.
 */
export function missingIndex(query: CompiledQuery, indexes: readonly CompositeIndex[]): MissingIndex | undefined {
  const { kind } = query;
  if (kind === undefined) return undefined;
  const ofKind = indexes.filter((index) => index.kind === kind);
  for (const conjunction of query.conjunctions) {
    const order = neededOrder(query, conjunction);
    if (isServed(conjunction, order, ofKind)) continue;
    const equal = [...conjunction.equalities.keys()].map((name) => ({ name, isDescending: false }));
    const sorted = order.map(({ property, isDescending }) => ({ name: property, isDescending }));
    const properties = [...equal, ...sorted].map(({ name, isDescending }) => ({
      name,
      direction: isDescending ? ('desc' as const) : ('asc' as const),
    }));
    return { kind, properties, hasAncestor: conjunction.hasAncestor };
  }
  return undefined;
}

/** Returns the service's own message, with the lines that index.yaml would need (oppia#23789 shows one). */
export function missingIndexMessage({ kind, properties, hasAncestor }: MissingIndex): string {
  const lines = [
    `- kind: ${kind}`,
    ...(hasAncestor ? ['  ancestor: yes'] : []),
    '  properties:',
    ...properties.flatMap(({ name, direction }) => [
      `  - name: ${name}`,
      ...(direction === 'desc' ? ['    direction: desc'] : []),
    ]),
  ];
  return `no matching index found. recommended index is:\n${lines.join('\n')}\n`;
}

/** Returns the order that an index needs after the equalities, whose properties have one value and need no sorting. */
function neededOrder(query: CompiledQuery, { equalities }: Conjunction): readonly SortComponent[] {
  const order = query.components.filter(({ property }) => !equalities.has(property));
  // Every index ends with the key, in the direction of the property before it.
  const isLastDescending = order.at(-1)?.isDescending ?? false;
  if (!query.isKeyExplicit || !query.isKeyDescending || isLastDescending) return order;
  return [...order, { property: KEY, isDescending: true }];
}

function isServed(
  { equalities, hasAncestor }: Conjunction,
  order: readonly SortComponent[],
  indexes: readonly CompositeIndex[],
): boolean {
  if (order.length === 0) return true;
  if (hasAncestor) return false;
  if (equalities.size === 0 && order.length === 1 && order[0]?.property !== KEY) return true;
  const held = new Set<string>();
  let matching = 0;
  for (const { properties } of indexes) {
    const leading = properties.slice(0, Math.max(0, properties.length - order.length)).map(({ name }) => name);
    if (!endsIn(properties, order) || !leading.every((name) => equalities.has(name))) continue;
    matching += 1;
    for (const name of leading) held.add(name);
  }
  return matching > 0 && held.size === equalities.size;
}

function endsIn(properties: CompositeIndex['properties'], order: readonly SortComponent[]): boolean {
  const tail = properties.slice(-order.length);
  return (
    tail.length === order.length &&
    order.every(({ property, isDescending }, at) => {
      const last = tail[at];
      return last?.name === property && (last.direction === 'desc') === isDescending;
    })
  );
}
