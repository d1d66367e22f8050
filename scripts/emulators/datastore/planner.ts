import type { CompositeDefinition } from './index-definitions.ts';
import { complement, EMPTY } from './ordered-bytes.ts';
import type { CompiledQuery, Conjunction, Inequality, SortComponent } from './query.ts';
import { KEY } from './query.ts';
import type { IndexEntry } from './index-table.ts';
import type { Store } from './store.ts';

/** A scan of one index (or, without one, of the entities themselves) that finds all matches of one conjunction. */
export interface Scan {
  readonly partitionId: number;
  /** Undefined: a scan of the entities of all kinds, by key. */
  readonly definitionId: number | undefined;
  /** Bytes with which all scanned values begin; the whole value if `free` is empty. */
  readonly prefix: Buffer;
  /** The sort components after the prefix, in the direction in which they are stored. */
  readonly free: readonly SortComponent[];
  readonly isReversed: boolean;
  /** The inequality of the first free component. */
  readonly inequality: Inequality | undefined;
  readonly keys: Inequality;
  /** Entries that must exist for the same key: the equalities that the index does not contain. */
  readonly probes: readonly IndexEntry[];
}

export interface Plan {
  readonly scan: Scan;
  /**
   * `ordered`: the scan finds results in the order of the query. `sorted`: it takes the shortest way to candidates,
   * which are then matched and sorted in memory.
   */
  readonly method: 'ordered' | 'sorted';
  /** Whether scanned entries must be matched again, because the index alone does not decide. */
  readonly needsCheck: boolean;
  /** The fixed part of the tuple per sort component; undefined if the index supplies it. */
  readonly fixed: readonly (Buffer | undefined)[];
}

/** An index that contains the free components in order, and the equalities that it contains before them. */
interface Candidate {
  readonly definitionId: number;
  readonly prefix: Buffer;
  readonly held: ReadonlyMap<string, Buffer>;
  readonly free: readonly SortComponent[];
  readonly isReversed: boolean;
}

const NONE: ReadonlyMap<string, Buffer> = new Map();

/** Maximum number of entries that are counted to estimate an index's size. */
const ESTIMATE_MAX = 1000;

export function planConjunction(store: Store, query: CompiledQuery, conjunction: Conjunction): Plan {
  const planning = new Planning(store, query, conjunction);
  return planning.plan();
}

class Planning {
  readonly #store: Store;
  readonly #query: CompiledQuery;
  readonly #conjunction: Conjunction;
  readonly #partitionId: number;
  readonly #equalities: readonly (readonly [string, Buffer])[];

  constructor(store: Store, query: CompiledQuery, conjunction: Conjunction) {
    this.#store = store;
    this.#query = query;
    this.#conjunction = conjunction;
    this.#partitionId = store.partitionId(query.partition);
    this.#equalities = [...conjunction.equalities].flatMap(([property, encodings]) =>
      encodings.map((encoding) => [property, encoding] as const),
    );
  }

  plan(): Plan {
    const { components } = this.#query;
    const { equalities } = this.#conjunction;
    const fixed = components.map(({ property, isDescending }) => {
      const [encoding] = equalities.get(property) ?? [];
      return encoding === undefined || !isDescending ? encoding : complement(encoding);
    });
    const free = components.filter(({ property }) => !equalities.has(property));
    const needsCheck = this.#needsCheck(free);
    if (free.length === 0) {
      const scan = { ...this.#byKeyOrder(), isReversed: this.#query.isKeyDescending };
      return { scan, method: 'ordered', needsCheck, fixed };
    }
    const scan = this.#inOrder(free);
    if (scan !== undefined) return { scan, method: 'ordered', needsCheck, fixed };
    return { scan: this.#shortest(free), method: 'sorted', needsCheck: true, fixed };
  }

  /**
   * Whether entries must be matched again: an index with several values per entity, or a limit on a later component,
   * yields more than matches.
   */
  #needsCheck(free: readonly SortComponent[]): boolean {
    const { equalities, inequalities } = this.#conjunction;
    const isAlone = this.#query.conjunctions.length === 1;
    return this.#query.components.some(({ property }) => {
      if (equalities.has(property)) return inequalities.has(property) || (!isAlone && this.#hasMultiple(property));
      return this.#hasMultiple(property) || (property !== free[0]?.property && inequalities.has(property));
    });
  }

  #hasMultiple(property: string): boolean {
    if (property === KEY) return false;
    return this.#store.definitions.byProperty(this.#partitionId, this.#query.kind ?? '', property).hasMultiple;
  }

  /** Plans results in key order: the equality with the fewest entries is scanned, the others are probed. */
  #byKeyOrder(): Scan {
    const { kind } = this.#query;
    if (kind === undefined) return this.#scan({ definitionId: undefined, prefix: EMPTY, held: NONE, free: [] });
    const candidates = [
      ...this.#equalityCandidates(),
      ...this.#compositeCandidates([]).filter(({ held }) => held.size > 0),
    ];
    const best = this.#smallest(candidates);
    if (best !== undefined) return this.#scan(best.candidate);
    const definitionId = this.#store.definitions.byKey(this.#partitionId, kind).id;
    return this.#scan({ definitionId, prefix: EMPTY, held: NONE, free: [] });
  }

  /** Plans a scan in the order of the query; undefined if no index has it, or if sorting a few results is cheaper. */
  #inOrder(free: readonly SortComponent[]): Scan | undefined {
    if (free.some(({ property }) => property === KEY)) return undefined;
    const candidates: Candidate[] = this.#compositeCandidates(free);
    const [first] = free;
    if (free.length === 1 && first?.isDescending === this.#query.isKeyDescending) {
      candidates.push({
        definitionId: this.#byProperty(first.property),
        prefix: EMPTY,
        held: NONE,
        free: [{ property: first.property, isDescending: false }],
        isReversed: first.isDescending,
      });
    }
    const held = Math.max(...candidates.map((candidate) => candidate.held.size));
    const best = this.#smallest(candidates.filter((candidate) => candidate.held.size === held));
    if (best === undefined) return undefined;
    if (held === 0 && this.#equalities.length > 0) {
      const few = Math.min(...this.#equalityCandidates().map((candidate) => this.#estimate(candidate)));
      if (few < Math.min(best.size, ESTIMATE_MAX)) return undefined;
    }
    return this.#scan(best.candidate);
  }

  /** Plans the scan with the fewest candidates, in any order. */
  #shortest(free: readonly SortComponent[]): Scan {
    if (this.#equalities.length > 0) return this.#byKeyOrder();
    const names = free.filter(({ property }) => property !== KEY).map(({ property }) => property);
    const property = names.find((name) => this.#conjunction.inequalities.has(name)) ?? names[0];
    if (property === undefined) return this.#byKeyOrder();
    return this.#scan({
      definitionId: this.#byProperty(property),
      prefix: EMPTY,
      held: NONE,
      free: [{ property, isDescending: false }],
    });
  }

  #equalityCandidates(): Omit<Candidate, 'isReversed'>[] {
    return this.#equalities.map(([property, encoding]) => ({
      definitionId: this.#byProperty(property),
      prefix: encoding,
      held: new Map([[property, encoding]]),
      free: [],
    }));
  }

  /**
   * Returns composite indexes that begin with equalities, in any order, and continue with exactly the free components.
   */
  #compositeCandidates(free: readonly SortComponent[]): Candidate[] {
    const found: Candidate[] = [];
    for (const composite of this.#store.definitions.composites(this.#partitionId, this.#query.kind ?? '')) {
      const candidate = this.#fit(composite, free);
      if (candidate !== undefined) found.push(candidate);
    }
    return found;
  }

  #fit(composite: CompositeDefinition, free: readonly SortComponent[]): Candidate | undefined {
    const leading = composite.properties.slice(0, composite.properties.length - free.length);
    const trailing = composite.properties.slice(leading.length);
    if (trailing.length !== free.length || leading.length + free.length !== composite.properties.length)
      return undefined;
    if (trailing.some(({ name }, at) => name !== free[at]?.property)) return undefined;
    const flips = trailing.map(({ isDescending }, at) => isDescending !== free[at]?.isDescending);
    const isReversed = this.#query.isKeyDescending;
    if (flips.some((flip) => flip !== isReversed)) return undefined;
    const held = new Map<string, Buffer>();
    const parts: Buffer[] = [];
    for (const { name, isDescending } of leading) {
      const [encoding] = this.#conjunction.equalities.get(name) ?? [];
      if (encoding === undefined) return undefined;
      held.set(name, encoding);
      parts.push(isDescending ? complement(encoding) : encoding);
    }
    return {
      definitionId: composite.id,
      prefix: Buffer.concat(parts),
      held,
      free: trailing.map(({ name, isDescending }) => ({ property: name, isDescending })),
      isReversed,
    };
  }

  #smallest<T extends Omit<Candidate, 'isReversed'>>(
    candidates: readonly T[],
  ): { readonly candidate: T; readonly size: number } | undefined {
    const [first] = candidates;
    if (first === undefined) return undefined;
    if (candidates.length === 1 && (first.held.size > 0 || this.#equalities.length === 0)) {
      return { candidate: first, size: Number.POSITIVE_INFINITY };
    }
    const sized = candidates.map((candidate) => ({ candidate, size: this.#estimate(candidate) }));
    return sized.reduce((best, other) => {
      // Of two indexes of equal size, prefer the one that covers more of the filter.
      const order = other.size - best.size || best.candidate.held.size - other.candidate.held.size;
      return order < 0 ? other : best;
    });
  }

  #estimate({ definitionId, prefix }: Omit<Candidate, 'isReversed'>): number {
    return this.#store.indexes.entriesFrom({ definitionId, prefix }, ESTIMATE_MAX);
  }

  #byProperty(property: string): number {
    return this.#store.definitions.byProperty(this.#partitionId, this.#query.kind ?? '', property).id;
  }

  #scan(
    candidate: Omit<Candidate, 'isReversed' | 'definitionId'> & {
      readonly definitionId: number | undefined;
      readonly isReversed?: boolean;
    },
  ): Scan {
    const [first] = candidate.free;
    const probes: IndexEntry[] = [];
    for (const [property, value] of this.#equalities) {
      // An index covers one value of a property; a second required value is probed.
      if (candidate.held.get(property) === value) continue;
      probes.push({ definitionId: this.#byProperty(property), value });
    }
    return {
      partitionId: this.#partitionId,
      definitionId: candidate.definitionId,
      prefix: candidate.prefix,
      free: candidate.free,
      isReversed: candidate.isReversed ?? false,
      inequality: first === undefined ? undefined : this.#conjunction.inequalities.get(first.property),
      keys: this.#conjunction.keys,
      probes,
    };
  }
}
