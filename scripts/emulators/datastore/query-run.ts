import type { Position } from './matching.ts';
import { comparePositions } from './matching.ts';
import { planConjunction } from './planner.ts';
import type { CompiledQuery } from './query.ts';
import type { Section } from './scanning.ts';
import { ConjunctionScan } from './scanning.ts';
import type { Store } from './store.ts';
import { splitValues } from './values.ts';

/** Walks the results of a query, in order and each once. */
export class QueryRun {
  readonly #query: CompiledQuery;
  readonly #scans: readonly ConjunctionScan[];
  readonly #until: Position | undefined;
  #last: Position | undefined;
  #results: Iterator<Position> | undefined;

  constructor(store: Store, query: CompiledQuery, section: Section) {
    this.#query = query;
    this.#scans = query.conjunctions.map(
      (conjunction) => new ConjunctionScan(store, query, planConjunction(store, query, conjunction)),
    );
    this.#last = section.from;
    this.#until = section.until;
  }

  /** The last result returned, or the position where the run began. */
  get last(): Position | undefined {
    return this.#last;
  }

  /** Returns the next result. `wanted`, used at the first call, is how many the caller expects to take. */
  next(wanted: number): Position | undefined {
    this.#results ??= this.#distinct(this.#merged(wanted));
    const result = this.#results.next();
    if (result.done === true) return undefined;
    this.#last = result.value;
    return result.value;
  }

  /** Skips `count` results by reading index entries only, and returns how many there were. */
  skip(count: number): number {
    const scan = this.#exactScan();
    if (scan !== undefined) {
      const section = { from: this.#last, until: this.#until };
      const last = scan.skip(section, count);
      if (last !== undefined) {
        this.#last = last;
        return count;
      }
    }
    let skipped = 0;
    while (skipped < count && this.next(count - skipped) !== undefined) skipped += 1;
    return skipped;
  }

  /** Returns how many results are left, up to `max`. */
  count(max: number): number {
    const scan = this.#exactScan();
    if (scan !== undefined) {
      return scan.count({ from: this.#last, until: this.#until }, Math.min(max, Number.MAX_SAFE_INTEGER));
    }
    return this.skip(max);
  }

  /** Returns the scan if it alone yields every result once, and nothing has been taken from it yet. */
  #exactScan(): ConjunctionScan | undefined {
    const [scan, ...others] = this.#scans;
    const isAlone = others.length === 0 && this.#query.distinctOn.length === 0 && this.#results === undefined;
    return isAlone && scan?.isExact === true ? scan : undefined;
  }

  *#merged(wanted: number): Generator<Position> {
    const section = { from: this.#last, until: this.#until };
    const [only, ...others] = this.#scans;
    if (only !== undefined && others.length === 0) {
      yield* only.positions(section, wanted);
      return;
    }
    const sources = this.#scans.map((scan) => scan.positions(section, wanted));
    const heads = sources.map((source) => source.next());
    let previous: Position | undefined;
    for (;;) {
      let at = -1;
      let best: Position | undefined;
      heads.forEach((head, index) => {
        if (head.done === true) return;
        if (best !== undefined && this.#compare(head.value, best) >= 0) return;
        at = index;
        best = head.value;
      });
      const source = sources[at];
      if (best === undefined || source === undefined) return;
      heads[at] = source.next();
      if (previous !== undefined && this.#compare(previous, best) === 0) continue;
      previous = best;
      yield best;
    }
  }

  *#distinct(positions: Iterable<Position>): Generator<Position> {
    const size = this.#query.distinctOn.length;
    if (size === 0) {
      yield* positions;
      return;
    }
    // The properties of distinct-on lead the order, so equal results are neighbours, also across batches.
    let previous = this.#last === undefined ? undefined : this.#leading(this.#last, size);
    for (const position of positions) {
      const leading = this.#leading(position, size);
      if (previous?.equals(leading) === true) continue;
      previous = leading;
      yield position;
    }
  }

  #leading({ tuple }: Position, size: number): Buffer {
    const directions = this.#query.components.map(({ isDescending }) => isDescending);
    return Buffer.concat(splitValues(tuple, directions).slice(0, size));
  }

  #compare(a: Position, b: Position): number {
    return comparePositions(a, b, this.#query.isKeyDescending);
  }
}
