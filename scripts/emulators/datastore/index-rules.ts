import type { CompositeIndex } from './index-definitions.ts';
import type { CompiledQuery, Conjunction, SortComponent } from './query.ts';
import { KEY } from './query.ts';

/** What a query needs and is not there: an index in the words of index.yaml. */
export interface MissingIndex extends CompositeIndex {
  readonly hasAncestor: boolean;
}

/**
 * The composite index that the query lacks, by Datastore's rules (https://docs.cloud.google.com/datastore/docs/concepts/indexes,
 * https://docs.cloud.google.com/datastore/docs/concepts/optimize-indexes):
 *
 * - equalities alone are merged from the indexes that every property has, with an ancestor too, and so is one order or one
 *   inequality without equalities;
 * - otherwise a composite index must hold equalities, in any order, and then exactly the order;
 * - several that end in the same order are merged, so together they may hold the equalities;
 * - an order or an inequality below an ancestor needs an index of its own sort, which no deployment of ours declares.
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

/** The service's own words, with the lines that index.yaml would need (oppia#23789 shows them). */
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

/** What an index must sort by behind the equalities: a compared property is constant. */
function neededOrder(query: CompiledQuery, { equalities }: Conjunction): readonly SortComponent[] {
  const order = query.components.filter(({ property }) => !equalities.has(property));
  // Every index ends in the key, by itself in the direction of what comes before.
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
