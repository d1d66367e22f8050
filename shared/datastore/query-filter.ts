import type { protos } from '@google-cloud/datastore/build/src/protos.js';
import type { Value } from './field.ts';
import type { Range, Shape } from './query.ts';

export function filterOf(
  shape: Shape,
  values: Readonly<Record<string, Value>>,
  range: Range = {},
  keyOf: (id: string) => protos.google.datastore.v1.IKey = noKey,
): protos.google.datastore.v1.IQuery {
  const filters = [
    ...shape.equal.map((property) => ({ property, op: 'EQUAL' as const })),
    ...(shape.atMost === undefined ? [] : [{ property: shape.atMost, op: 'LESS_THAN_OR_EQUAL' as const }]),
  ].map(({ property, op }) => {
    const value = values[property];
    if (value === undefined) throw new Error(`query of ${shape.kind.name} without a value for ${property}`);
    return { propertyFilter: { property: { name: property }, op, value: { ...value, excludeFromIndexes: false } } };
  });
  const bounds = rangeFilters(shape, range, keyOf);
  if (filters.length + bounds.length === 0) return {};
  // Nulls sort before all other values, so an upper bound alone would also find rows without a value.
  const something =
    shape.atMost === undefined
      ? []
      : [
          {
            propertyFilter: {
              property: { name: shape.atMost },
              op: 'GREATER_THAN' as const,
              value: { nullValue: 'NULL_VALUE' as const },
            },
          },
        ];
  return { filter: { compositeFilter: { op: 'AND', filters: [...filters, ...something, ...bounds] } } };
}

function noKey(): never {
  throw new Error('A query without a range of keys needs no key.');
}

/**
 * Returns the filters of a range. Without a lower bound, `>= ""` excludes nulls: every text is at least the empty one. A
 * key is never null, and its name never empty.
 */
function rangeFilters(
  { range: property }: Shape,
  range: Range,
  keyOf: (id: string) => protos.google.datastore.v1.IKey,
) {
  if (property === undefined) return [];
  const isKey = property === '__key__';
  const { above, below, atLeast = above === undefined && !isKey ? '' : undefined } = range;
  const bounds = [
    ['GREATER_THAN_OR_EQUAL', atLeast],
    ['GREATER_THAN', above],
    ['LESS_THAN', below],
  ] as const;
  return bounds.flatMap(([op, bound]) =>
    bound === undefined
      ? []
      : [
          {
            propertyFilter: {
              property: { name: property },
              op,
              value: isKey ? { keyValue: keyOf(bound) } : { stringValue: bound },
            },
          },
        ],
  );
}
