import type { IndexedValues } from './entities.ts';
import { complement } from './ordered-bytes.ts';
import type { CompiledQuery, Conjunction, Inequality } from './query.ts';
import { KEY } from './query.ts';
import { encodeOwnKey } from './values.ts';

/**
 * The position of a result in its query: first by `tuple`, the joined encodings of its sort components (descending ones
 * complemented), then by key.
 */
export interface Position {
  readonly tuple: Buffer;
  readonly key: Buffer;
}

export function comparePositions(a: Position, b: Position, isKeyDescending: boolean): number {
  return a.tuple.compare(b.tuple) || (isKeyDescending ? b.key.compare(a.key) : a.key.compare(b.key));
}

export function isWithin(encoding: Buffer, { lower, upper, excluded }: Inequality): boolean {
  if (lower !== undefined) {
    const order = encoding.compare(lower.bytes);
    if (order < 0 || (order === 0 && !lower.isInclusive)) return false;
  }
  if (upper !== undefined) {
    const order = encoding.compare(upper.bytes);
    if (order > 0 || (order === 0 && !upper.isInclusive)) return false;
  }
  return !excluded.some((bytes) => bytes.equals(encoding));
}

/**
 * Returns the sort tuples under which an entity is a result: none if it does not match, otherwise one, or for a
 * projection one per combination of values. If a sorted property has several values, the first one in the order that
 * satisfies the inequalities is used. An equality fixes the value.
 */
export function tuplesOf(query: CompiledQuery, key: Buffer, values: IndexedValues): Buffer[] {
  const tuples: Buffer[] = [];
  for (const conjunction of query.conjunctions) {
    for (const tuple of tuplesOfConjunction(query, conjunction, key, values)) {
      if (!tuples.some((other) => other.equals(tuple))) tuples.push(tuple);
    }
  }
  if (query.projection.length > 0 || tuples.length <= 1) return tuples;
  return tuples.sort((a, b) => a.compare(b)).slice(0, 1);
}

function tuplesOfConjunction(
  query: CompiledQuery,
  conjunction: Conjunction,
  key: Buffer,
  values: IndexedValues,
): Buffer[] {
  if (!isWithin(key, conjunction.keys)) return [];
  for (const [property, wanted] of conjunction.equalities) {
    const encodings = values.get(property) ?? [];
    if (!wanted.every((encoding) => encodings.some((other) => other.equals(encoding)))) return [];
  }
  let tuples: Buffer[] = [Buffer.alloc(0)];
  for (const { property, isDescending } of query.components) {
    let candidates = property === KEY ? [encodeOwnKey(key)] : candidatesOf(property, conjunction, values);
    if (candidates.length > 1 && !query.projection.includes(property)) {
      candidates = candidates.slice(isDescending ? -1 : 0, isDescending ? undefined : 1);
    }
    const parts = isDescending ? candidates.map(complement) : candidates;
    tuples = tuples.flatMap((tuple) => parts.map((part) => Buffer.concat([tuple, part])));
  }
  return tuples;
}

function candidatesOf(property: string, conjunction: Conjunction, values: IndexedValues): readonly Buffer[] {
  const encodings = values.get(property) ?? [];
  const inequality = conjunction.inequalities.get(property);
  const within = inequality === undefined ? encodings : encodings.filter((encoding) => isWithin(encoding, inequality));
  const [fixed] = conjunction.equalities.get(property) ?? [];
  return fixed === undefined || within.length === 0 ? within : [fixed];
}
