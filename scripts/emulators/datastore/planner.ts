import type { CompositeDefinition } from './index-definitions.ts';
import { complement, EMPTY } from './ordered-bytes.ts';
import type { CompiledQuery, Conjunction, Inequality, SortComponent } from './query.ts';
import { KEY } from './query.ts';
import type { IndexEntry } from './index-table.ts';
import type { Store } from './store.ts';

/** A walk over one index (or, without one, over the entities themselves) that meets what one conjunction matches. */
export interface Scan {
  readonly partitionId: number;
  /** Undefined: the entities of all kinds, by key. */
  readonly definitionId: number | undefined;
  /** What all values met begin with; all of the value when `free` is empty. */
  readonly prefix: Buffer;
  /** The sort components behind the prefix, in the direction in which they are stored. */
  readonly free: readonly SortComponent[];
  readonly isReversed: boolean;
  /** Of the first free component. */
  readonly inequality: Inequality | undefined;
  readonly keys: Inequality;
  /** Entries that must exist with the same key: the equalities that the index does not hold. */
  readonly probes: readonly IndexEntry[];
}

export interface Plan {
  readonly scan: Scan;
  /**
   * `ordered`: the scan meets results in the order of the query. `sorted`: it meets candidates by the shortest way;
   * they are matched and sorted in memory.
   */
  readonly method: 'ordered' | 'sorted';
  /** What is met must be matched again, as the index alone cannot tell. */
  readonly needsCheck: boolean;
  /** Per sort component its fixed part of the tuple; undefined where the index supplies it. */
  readonly fixed: readonly (Buffer | undefined)[];
}

/** An index that holds the free components in order, and which equalities it holds before them. */
interface Candidate {
  readonly definitionId: number;
  readonly prefix: Buffer;
  readonly held: ReadonlyMap<string, Buffer>;
  readonly free: readonly SortComponent[];
  readonly isReversed: boolean;
}

const NONE: ReadonlyMap<string, Buffer> = new Map();

/** How far an index is counted before it is called big. */
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

  /** An index of several values per entity, or a limit beyond the first component, shows more than matches. */
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

  /** For results by key alone: the smallest of the equalities leads, the others are probed. */
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

  /** An index that is in the order of the query; undefined when there is none, or sorting a few is cheaper. */
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

  /** The way that meets the fewest candidates, in any order. */
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

  /** Composites that begin with equalities, in any order, and go on with exactly the free components. */
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
      // Of two that are equally big, the one that answers more of the filter by itself.
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
      // An index holds one value of a property; a second one that is asked for is probed.
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
