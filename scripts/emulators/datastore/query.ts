import { checkKey, encodePath, resolvePartition } from './keys.ts';
import { after, EMPTY } from './ordered-bytes.ts';
import { invalidArgument } from './status-error.ts';
import { encodeValue } from './values.ts';
import type { WireFilter, WirePartition, WireQuery, WireScope, WireValue } from './wire.ts';

/** Values of PropertyFilter.Operator. */
const OPERATORS = {
  lessThan: 1,
  lessThanOrEqual: 2,
  greaterThan: 3,
  greaterThanOrEqual: 4,
  equal: 5,
  in: 6,
  notEqual: 9,
  hasAncestor: 11,
  notIn: 13,
} as const;
const COMPOSITE_AND = 1;
const COMPOSITE_OR = 2;
const DESCENDING = 2;
const DISJUNCTIONS_MAX = 30;
const NOT_IN_MAX = 10;

export const KEY = '__key__';

export interface Limit {
  readonly bytes: Buffer;
  readonly isInclusive: boolean;
}

/** What one value of a property must satisfy: within the limits and not excluded. */
export interface Inequality {
  readonly lower: Limit | undefined;
  readonly upper: Limit | undefined;
  readonly excluded: readonly Buffer[];
}

const UNLIMITED: Inequality = { lower: undefined, upper: undefined, excluded: [] };

/** One alternative of the filter in disjunctive normal form: all its conditions must hold. */
export interface Conjunction {
  /** Encoded values that must all be among the values of a property, by property. */
  readonly equalities: ReadonlyMap<string, readonly Buffer[]>;
  readonly inequalities: ReadonlyMap<string, Inequality>;
  readonly keys: Inequality;
  readonly hasAncestor: boolean;
}

/** A component of the sort order, before the key. */
export interface SortComponent {
  readonly property: string;
  readonly isDescending: boolean;
}

export interface CompiledQuery {
  readonly partition: WirePartition;
  /** Undefined: all kinds. */
  readonly kind: string | undefined;
  readonly conjunctions: readonly Conjunction[];
  /** Explicit orders, followed by those that inequalities, distinct-on and projection imply. */
  readonly components: readonly SortComponent[];
  readonly isKeyDescending: boolean;
  /** Whether the query itself names the key as its last order. */
  readonly isKeyExplicit: boolean;
  readonly isKeysOnly: boolean;
  /** Empty for whole entities. Otherwise each combination of these properties' values is a result of its own. */
  readonly projection: readonly string[];
  readonly distinctOn: readonly string[];
}

interface Comparison {
  readonly property: string;
  readonly op: number;
  readonly value: WireValue;
}

/**
 * Checks a query and converts it for matching and planning. The values of `aggregated` are read from the index, like
 * those of a projection.
 */
export function compileQuery(
  query: WireQuery,
  given: WirePartition | null | undefined,
  scope: WireScope & { readonly aggregated?: readonly string[] },
): CompiledQuery {
  if (query.kind.length > 1) throw invalidArgument('A query may have at most one kind.');
  if (query.findNearest !== undefined && query.findNearest !== null) {
    throw invalidArgument('Nearest-neighbour queries are not supported by this emulator.');
  }
  const partition = resolvePartition(given, scope);
  const alternatives = query.filter === undefined || query.filter === null ? [[]] : normalForm(query.filter);
  if (alternatives.length > DISJUNCTIONS_MAX) {
    throw invalidArgument(`The query has more than ${DISJUNCTIONS_MAX} disjunctions after normalisation.`);
  }
  const conjunctions = alternatives.map((comparisons) => conjunctionOf(comparisons, partition, scope));
  const projected = query.projection.map((item) => item.property?.name ?? '');
  const isKeysOnly = projected.length === 1 && projected[0] === KEY;
  checkProjection(projected, conjunctions);
  const projection = [...new Set([...projected.filter((name) => name !== KEY), ...(scope.aggregated ?? [])])];
  const distinctOn = query.distinctOn.map(({ name }) => name);
  const order = sortOrder(query, conjunctions, { distinctOn, projection });
  checkDistinctOn(distinctOn, order.components);
  const kind = query.kind[0]?.name;
  if (kind === undefined) checkKindless(conjunctions, order.components);
  return { partition, kind, conjunctions, ...order, isKeysOnly, projection, distinctOn };
}

function normalForm(filter: WireFilter): Comparison[][] {
  if (filter.filterType === 'compositeFilter') {
    const { op, filters } = filter.compositeFilter ?? { op: 0, filters: [] };
    if (filters.length === 0) throw invalidArgument('A composite filter must have at least one sub-filter.');
    if (op === COMPOSITE_OR) return filters.flatMap(normalForm);
    if (op !== COMPOSITE_AND) throw invalidArgument('A composite filter has no operator.');
    return filters.map(normalForm).reduce((left, right) => {
      if (left.length * right.length > DISJUNCTIONS_MAX) {
        throw invalidArgument(`The query has more than ${DISJUNCTIONS_MAX} disjunctions after normalisation.`);
      }
      return left.flatMap((a) => right.map((b) => [...a, ...b]));
    });
  }
  const { property, op = 0, value } = filter.propertyFilter ?? {};
  const name = property?.name ?? '';
  if (name === '') throw invalidArgument('A filter has no property.');
  if (value === undefined || value === null) throw invalidArgument(`The filter on "${name}" has no value.`);
  if (op !== OPERATORS.in) return [[{ property: name, op, value }]];
  const values = valuesOf(value, name);
  return values.map((element) => [{ property: name, op: OPERATORS.equal, value: element }]);
}

function valuesOf(value: WireValue, property: string): readonly WireValue[] {
  if (value.valueType !== 'arrayValue' || value.arrayValue.values.length === 0) {
    throw invalidArgument(`The filter on "${property}" needs an array that is not empty.`);
  }
  return value.arrayValue.values;
}

function conjunctionOf(comparisons: readonly Comparison[], partition: WirePartition, scope: WireScope): Conjunction {
  const equalities = new Map<string, Buffer[]>();
  const inequalities = new Map<string, Inequality>();
  let keys = UNLIMITED;
  let hasAncestor = false;
  for (const { property, op, value } of comparisons) {
    if (op === OPERATORS.hasAncestor || property === KEY) {
      if (property !== KEY) throw invalidArgument('HAS_ANCESTOR is a filter on __key__ only.');
      hasAncestor ||= op === OPERATORS.hasAncestor;
      const encode = (operand: WireValue): Buffer => encodeKeyOperand(operand, partition, scope);
      keys = narrowed(keys, op, op === OPERATORS.notIn ? valuesOf(value, KEY).map(encode) : [encode(value)]);
      continue;
    }
    const encode = (operand: WireValue): Buffer => {
      const encoding = encodeValue(operand, partition);
      if (encoding === undefined) throw invalidArgument(`The filter value for "${property}" is not indexable.`);
      return encoding;
    };
    if (op === OPERATORS.equal) {
      equalities.set(property, [...(equalities.get(property) ?? []), encode(value)]);
      continue;
    }
    const operands = op === OPERATORS.notIn ? valuesOf(value, property).map(encode) : [encode(value)];
    const before = inequalities.get(property) ?? UNLIMITED;
    inequalities.set(property, narrowed(before, op, operands));
  }
  return { equalities, inequalities, keys, hasAncestor };
}

function encodeKeyOperand(value: WireValue, partition: WirePartition, scope: WireScope): Buffer {
  if (value.valueType !== 'keyValue') throw invalidArgument('A filter on __key__ needs a key.');
  checkKey(value.keyValue, { forWrite: false, incomplete: false });
  const { namespaceId } = resolvePartition(value.keyValue.partitionId, scope);
  if (namespaceId !== partition.namespaceId) {
    throw invalidArgument('A filter on __key__ needs a key of the namespace that is queried.');
  }
  return encodePath(value.keyValue.path);
}

function narrowed(inequality: Inequality, op: number, operands: readonly Buffer[]): Inequality {
  const [operand = EMPTY] = operands;
  const inclusive = { bytes: operand, isInclusive: true };
  const exclusive = { bytes: operand, isInclusive: false };
  switch (op) {
    case OPERATORS.lessThan:
      return below(inequality, exclusive);
    case OPERATORS.lessThanOrEqual:
      return below(inequality, inclusive);
    case OPERATORS.greaterThan:
      return above(inequality, exclusive);
    case OPERATORS.greaterThanOrEqual:
      return above(inequality, inclusive);
    case OPERATORS.equal:
      return below(above(inequality, inclusive), inclusive);
    case OPERATORS.hasAncestor:
      return below(above(inequality, inclusive), { bytes: after(operand), isInclusive: false });
    case OPERATORS.notIn:
      if (operands.length > NOT_IN_MAX) throw invalidArgument(`NOT_IN takes at most ${NOT_IN_MAX} values.`);
      return { ...inequality, excluded: [...inequality.excluded, ...operands] };
    case OPERATORS.notEqual:
      return { ...inequality, excluded: [...inequality.excluded, operand] };
    default:
      throw invalidArgument('A filter has no operator.');
  }
}

function above(inequality: Inequality, lower: Limit): Inequality {
  const order = inequality.lower === undefined ? 1 : lower.bytes.compare(inequality.lower.bytes);
  return order > 0 || (order === 0 && !lower.isInclusive) ? { ...inequality, lower } : inequality;
}

function below(inequality: Inequality, upper: Limit): Inequality {
  const order = inequality.upper === undefined ? -1 : upper.bytes.compare(inequality.upper.bytes);
  return order < 0 || (order === 0 && !upper.isInclusive) ? { ...inequality, upper } : inequality;
}

function sortOrder(
  query: WireQuery,
  conjunctions: readonly Conjunction[],
  implied: Pick<CompiledQuery, 'distinctOn' | 'projection'>,
): Pick<CompiledQuery, 'components' | 'isKeyDescending' | 'isKeyExplicit'> {
  const explicit = query.order.map(({ property, direction }) => ({
    property: property?.name ?? '',
    isDescending: direction === DESCENDING,
  }));
  if (explicit.some(({ property }) => property === '')) throw invalidArgument('An order has no property.');
  const components = new Map<string, SortComponent>();
  for (const component of explicit) {
    if (!components.has(component.property)) components.set(component.property, component);
  }
  // Where the query gives no order, results continue in the direction of its last order, as in Google's indexes.
  const isDescending = explicit.at(-1)?.isDescending ?? false;
  const unequal = [...new Set(conjunctions.flatMap(({ inequalities }) => [...inequalities.keys()]))].sort();
  for (const property of [...implied.distinctOn, ...unequal, ...implied.projection]) {
    if (!components.has(property)) components.set(property, { property, isDescending });
  }
  const list = [...components.values()];
  const last = list.at(-1);
  if (last?.property !== KEY) return { components: list, isKeyDescending: isDescending, isKeyExplicit: false };
  return { components: list.slice(0, -1), isKeyDescending: last.isDescending, isKeyExplicit: true };
}

function checkProjection(projection: readonly string[], conjunctions: readonly Conjunction[]): void {
  if (projection.includes('')) throw invalidArgument('A projection has no property.');
  if (projection.some((name) => conjunctions.some(({ equalities }) => equalities.has(name)))) {
    throw invalidArgument('Cannot use projection on a property with an equality filter.');
  }
}

function checkDistinctOn(distinctOn: readonly string[], components: readonly SortComponent[]): void {
  const leading = new Set(components.slice(0, distinctOn.length).map(({ property }) => property));
  if (distinctOn.some((name) => !leading.has(name))) {
    throw invalidArgument('The distinct-on properties must come first in the order of the query.');
  }
}

function checkKindless(conjunctions: readonly Conjunction[], components: readonly SortComponent[]): void {
  for (const { equalities, inequalities } of conjunctions) {
    for (const name of [...equalities.keys(), ...inequalities.keys()]) {
      throw invalidArgument(`kind is required for filter: ${name}`);
    }
  }
  const [component] = components;
  if (component !== undefined) throw invalidArgument(`kind is required for order: ${component.property}`);
}
