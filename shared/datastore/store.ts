import { type Gate, type Guarded, OPEN_GATE } from '#shared/concurrency/gate.ts';
import { Failure } from '#shared/domain/failure.ts';
import { EntityClient, type EntityClientOptions, type EntityResult, nameOf } from './entity-client.ts';
import type { Value } from './field.ts';
import type { Kind, Properties } from './kind.ts';
import { optimisticChange } from './optimistic-change.ts';
import type { Page, Shape } from './query.ts';
import { badCursor, causeOf, grpcCode, isEncoded, NO_ANSWER, STATUS, toFailure } from './store-failure.ts';
import { type Change, Conflict, ref, type Ref, type Row, type VersionOf, type Write } from './write.ts';

/** What a commit did to one counter. */
export interface Counted {
  readonly count: number;
}

export interface StoreOptions extends EntityClientOptions {
  /** 0 ≤ x < 1; spreads the waits of writers that met. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** The rows of some refs, each in its place. */
export type RowsOf<Refs extends readonly (Ref<unknown> | undefined)[]> = {
  -readonly [I in keyof Refs]: Refs[I] extends Ref<infer T> | undefined ? Row<T> | undefined : never;
};

/** What a store shares with the ones behind gates that were made of it. */
interface Shared {
  readonly entities: EntityClient;
  readonly gate: Gate;
}

/**
 * Rows in Datastore.
 *
 * Rows are read with their version and written back on condition that they still have it, all writes of a change in one
 * atomic commit. So no lock is held between two calls: a process that dies in between leaves nothing behind for others
 * to wait for, and a change costs two round trips.
 */
export class Store implements Guarded {
  readonly #options: StoreOptions;
  readonly #entities: EntityClient;
  readonly #gate: Gate;

  constructor(options: StoreOptions, shared: Shared = { entities: new EntityClient(options), gate: OPEN_GATE }) {
    this.#options = options;
    this.#entities = shared.entities;
    this.#gate = shared.gate;
  }

  /**
   * The same store for one request: no write is sent before the gate opens, and none at all when the gate stays shut.
   * Reads go ahead until there is a refusal.
   */
  behind(gate: Gate): Store {
    return new Store(this.#options, { entities: this.#entities, gate });
  }

  /** Opens the connection, so that the first request does not wait for it. */
  async connect(): Promise<void> {
    await this.#entities.connect();
  }

  async close(): Promise<void> {
    await this.#entities.close();
  }

  async get<T>(target: Ref<T>): Promise<Row<T> | undefined> {
    const [row] = await this.getAll([target]);
    return row;
  }

  /**
   * Reads rows in one round trip for each 1,000, in the order asked for; `undefined` where there is none, and where
   * nothing was asked for.
   */
  async getAll<const Refs extends readonly (Ref<unknown> | undefined)[] | []>(refs: Refs): Promise<RowsOf<Refs>> {
    const targets: readonly (Ref<unknown> | undefined)[] = refs;
    const named = targets.filter((target) => target !== undefined);
    const found = named.length === 0 ? undefined : await this.#read(() => this.#entities.findTogether(named));
    return targets.map((target) => {
      const result = target === undefined ? undefined : found?.get(nameOf(target));
      return target === undefined || result === undefined ? undefined : toRow(target.kind, result);
    }) as RowsOf<Refs>;
  }

  /** One page of rows. Strongly consistent. */
  async query<T>(
    shape: Shape<T>,
    values: Readonly<Record<string, Value>>,
    page: Page,
  ): Promise<{ readonly rows: readonly Row<T>[]; readonly cursor: string | undefined }> {
    if (page.cursor !== undefined && !isEncoded(page.cursor)) throw badCursor();
    const { results, cursor, more } = await this.#read(() => this.#entities.run(shape, values, page)).catch(
      (thrown: unknown) => {
        // A cursor is opaque to us as well: only Datastore can say whether it is one.
        if (page.cursor !== undefined && grpcCode(causeOf(thrown)) === STATUS.invalidArgument) throw badCursor(thrown);
        throw thrown;
      },
    );
    return { rows: results.map((result) => toRow(shape.kind, result)), cursor: more ? cursor : undefined };
  }

  /**
   * The rows of one page, found by reading index entries alone: what is skipped and what is found costs no read of an
   * entity. For `getAll`, which may find some of them gone.
   */
  async keys<T>(
    shape: Shape<T>,
    values: Readonly<Record<string, Value>>,
    page: Page,
  ): Promise<{ readonly refs: readonly Ref<T>[]; readonly cursor: string | undefined }> {
    const keysOnly = { ...page, keysOnly: true };
    const { results, cursor, more } = await this.#read(() => this.#entities.run(shape, values, keysOnly));
    const refs = results.map(({ entity }) => ref(shape.kind, entity?.key?.path?.[0]?.name ?? ''));
    return { refs, cursor: more ? cursor : undefined };
  }

  /** Exact number of rows, counted by Datastore itself. */
  async count(shape: Shape, values: Readonly<Record<string, Value>>): Promise<number> {
    return this.#read(() => this.#entities.count(shape, values));
  }

  /** Adds to a counter, 1 unless `by` says more, and answers its new value: see `incrementAll`. */
  async increment<T>(
    target: Ref<T>,
    property: keyof T & string,
    { expireAtMs, by = 1 }: { readonly expireAtMs: number; readonly by?: number },
  ): Promise<Counted> {
    const [count = 0] = await this.incrementAll(target, { [property]: by }, expireAtMs);
    return { count };
  }

  /**
   * Adds to several counters of a row in one atomic write, and answers their new values in that order, in one round trip
   * that no other writer can make fail. A write that was ABORTED, or got no answer, is repeated once. Counters err upwards:
   * what is added may be added twice when the first answer was lost; what is taken off is then not taken off again.
   */
  async incrementAll(
    target: Ref<unknown>,
    amounts: Readonly<Record<string, number>>,
    expireAtMs: number,
  ): Promise<readonly number[]> {
    await this.#gate.opened();
    const values = await this.#read(() =>
      this.#entities.increment(target, amounts, expireAtMs).catch((thrown: unknown) => {
        const code = grpcCode(thrown);
        if (code === STATUS.aborted) return this.#entities.increment(target, amounts, expireAtMs);
        if (!NO_ANSWER.has(code)) throw thrown;
        const upwards = Object.entries(amounts).map(([property, by]) => [property, Math.max(0, by)] as const);
        return this.#entities.increment(target, Object.fromEntries(upwards), expireAtMs);
      }),
    );
    if (values.length !== Object.keys(amounts).length) throw new Failure('internal', 'A counter was not answered.');
    return values;
  }

  /**
   * Reads, decides and writes until no other writer was in between: see `optimisticChange`. Throws `unavailable` when
   * other writers were faster in every attempt.
   */
  async change<T>(decide: () => Promise<Change<T>>): Promise<T> {
    return optimisticChange(decide, {
      ...this.#options,
      commit: (writes) => this.#commit(writes),
      wasApplied: (writes) => this.#wasApplied(writes),
    });
  }

  /** One attempt, for writers who give way. Throws `Conflict` when a row was not as it had been read. */
  async commitOnce(writes: readonly Write[]): Promise<VersionOf> {
    try {
      return await this.#commit(writes);
    } catch (thrown) {
      throw thrown instanceof Conflict ? thrown : toFailure(thrown);
    }
  }

  /** Rows that are simply written: for seeding and scripts, where nothing else writes. At most 500 a call. */
  async write(writes: readonly Write[]): Promise<void> {
    await this.change(async () => ({ writes, result: undefined }));
  }

  async #commit(writes: readonly Write[]): Promise<VersionOf> {
    await this.#gate.opened();
    return this.#entities.commit(writes);
  }

  /**
   * Whether a commit that was not acknowledged did happen. A conflict can be our own doing too: Google's client or a proxy
   * may have repeated a commit that had been applied. Inserted rows have ids that nobody else makes.
   */
  async #wasApplied(writes: readonly Write[]): Promise<boolean> {
    const witness = writes.find((write) => write.type === 'insert');
    if (witness === undefined) return false;
    const found = await this.#read(() => this.#entities.find([witness.ref]));
    const properties: Properties | null | undefined = found.get(nameOf(witness.ref))?.entity?.properties;
    if (properties === undefined || properties === null) return false;
    // A row that another writer inserted under the same id (an idempotency key) differs from ours in what it points to.
    return Object.entries(witness.properties).every(([name, value]) => sameValue(value, properties[name]));
  }

  /** Fails closed: a store that does not answer is a 503 to come back to, never an empty answer. */
  async #read<T>(call: () => Promise<T>): Promise<T> {
    this.#gate.requireNotRefused();
    try {
      return await call();
    } catch (thrown) {
      throw toFailure(thrown);
    }
  }
}

function toRow<T>(kind: Kind<T>, result: EntityResult): Row<T> {
  const id = result.entity?.key?.path?.[0]?.name ?? '';
  return { kind, id, value: kind.decode(result.entity?.properties ?? {}, id), version: String(result.version ?? '0') };
}

function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  const plain = (value: Value | undefined): unknown =>
    value?.stringValue ?? (value?.integerValue === undefined ? undefined : String(value.integerValue));
  return plain(a) === plain(b);
}
