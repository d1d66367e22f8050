import {
  AUDIT_FILTERS,
  BID_FILTERS,
  HISTORY_SELECTORS,
  LIST_FILTERS,
  OPERATION_FILTERS,
  PROJECT_SORTS,
} from './list-filters.ts';
import type { CompositeIndex, Direction, Shape } from './query.ts';

type Order = Shape['order'][number];

const asc = (name: string) => ({ name, direction: 'asc' as Direction });
const desc = (name: string) => ({ name, direction: 'desc' as Direction });

/** The composite indexes that Terraform creates. All other queries use Datastore's built-in index of each property. */
export const COMPOSITE_INDEXES: readonly CompositeIndex[] = [
  // One per filter of the administrators' list. All end in the same order, so Datastore merges them for several
  // filters.
  ...LIST_FILTERS.map((name) => ({ kind: 'Instance', properties: [asc(name), desc('createdAtMs')] })),
  // A user's own instances, page by page.
  { kind: 'Instance', properties: [asc('userId'), desc('byCreated')] },
  // For lists of operations, also merged for several filters.
  ...OPERATION_FILTERS.map((name) => ({ kind: 'Operation', properties: [asc(name), desc('listed')] })),
  { kind: 'InstanceEvent', properties: [asc('instanceId'), desc('sequence')] },
  { kind: 'PricePeriod', properties: [asc('instanceId'), desc('sequence')] },
  // A project's instances in each sort order; filters are applied after reading.
  ...PROJECT_SORTS.flatMap((sort) => [
    { kind: 'Instance', properties: [asc('project'), asc(sort)] },
    { kind: 'Instance', properties: [asc('project'), desc(sort)] },
  ]),
  // The audit trail by each filter, merged for several. Its ids sort newest first.
  ...AUDIT_FILTERS.map((name) => ({ kind: 'AuditEntry', properties: [asc(name), asc('id')] })),
  // A project's bids by each filter, merged for several. Filters are only combined with the order of creation.
  ...['project', ...BID_FILTERS].flatMap((name) => [
    { kind: 'Bid', properties: [asc(name), asc('byCreated')] },
    { kind: 'Bid', properties: [asc(name), desc('byCreated')] },
  ]),
  { kind: 'Bid', properties: [asc('project'), asc('byStatus')] },
  { kind: 'Bid', properties: [asc('project'), desc('byStatus')] },
  { kind: 'Bid', properties: [asc('heldType'), asc('limitCents')] },
  // A project's histories by each selector, merged for several.
  ...['InstanceEvent', 'PricePeriod'].flatMap((kind) =>
    ['project', ...HISTORY_SELECTORS].map((name) => ({ kind, properties: [asc(name), asc('timeline')] })),
  ),
];

/**
 * Whether a query of this shape is answered from these indexes. The rules are Datastore's:
 *
 * - equalities alone are merged from the properties' own indexes, and so is one order or one bound without equalities;
 * - otherwise a composite index must hold the equalities, in any order, and then exactly the order;
 * - several composite indexes that end in the same order are merged, so together they may hold the equalities.
 */
export function isServed(shape: Shape, indexes: readonly CompositeIndex[]): boolean {
  const equal = new Set(shape.equal);
  const order = neededOrder(shape, equal);
  if (order.length === 0) return true;
  if (equal.size === 0 && order.length === 1 && order[0]?.property !== '__key__') return true;

  const held = new Set<string>();
  let matching = 0;
  for (const index of indexes) {
    if (index.kind !== shape.kind.name || !endsIn(index, order)) continue;
    const prefix = index.properties.slice(0, index.properties.length - order.length).map((property) => property.name);
    if (!prefix.every((name) => equal.has(name))) continue;
    matching += 1;
    for (const name of prefix) held.add(name);
  }
  return matching > 0 && held.size === equal.size;
}

/**
 * Returns the order that an index must have. Properties compared with `=` are constant, and every index ends in
 * ascending keys.
 */
function neededOrder(shape: Shape, equal: ReadonlySet<string>): readonly Order[] {
  const bound: readonly Order[] = shape.atMost === undefined ? [] : [{ property: shape.atMost, direction: 'asc' }];
  const asked = (shape.order.length === 0 ? bound : shape.order).filter(({ property }) => !equal.has(property));
  const last = asked.at(-1);
  return last?.property === '__key__' && last.direction === 'asc' ? asked.slice(0, -1) : asked;
}

function endsIn(index: CompositeIndex, order: readonly Order[]): boolean {
  const tail = index.properties.slice(-order.length);
  return (
    tail.length === order.length &&
    order.every(({ property, direction }, i) => tail[i]?.name === property && tail[i].direction === direction)
  );
}
