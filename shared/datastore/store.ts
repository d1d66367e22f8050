import { type Gate, type Guarded, OPEN_GATE } from '#shared/concurrency/gate.ts';
import { Failure } from '#shared/domain/failure.ts';
import { EntityClient, type EntityClientOptions, nameOf } from './entity-client.ts';
import type { Value } from './field.ts';
import { rowFound } from './found-row.ts';
import { JointCommits } from './joint-commits.ts';
import { isAsInserted, type JointChange, memberOf, witnessOf } from './joint-member.ts';
import { optimisticChange, pauseMs } from './optimistic-change.ts';
import type { Page, Shape } from './query.ts';
import { type RowPage, SharedQueries } from './shared-queries.ts';
import { badCursor, causeOf, grpcCode, isEncoded, NO_ANSWER, STATUS, toFailure } from './store-failure.ts';
import { type Change, Conflict, ref, type Ref, type Row, type VersionOf, type Write } from './write.ts';

/**
 * Attempts of a counter's write that is ABORTED. Their pauses add up to 1.5 s at most and half of that on average: an entity
 * takes about one write a second, so a counter that several processes write is free again by then.
 */
const INCREMENT_ATTEMPTS_MAX = 8;

/** The new value of a counter. */
export interface Counted {
  readonly count: number;
}

export interface StoreOptions extends EntityClientOptions {
  /** 0 ≤ x < 1; randomizes the waits of conflicting writers. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** The types of the rows for a list of refs, in the same order. */
export type RowsOf<Refs extends readonly (Ref<unknown> | undefined)[]> = {
  -readonly [I in keyof Refs]: Refs[I] extends Ref<infer T> | undefined ? Row<T> | undefined : never;
};

/** What a store and its copies behind gates share. */
interface Shared {
  readonly entities: EntityClient;
  readonly queries: SharedQueries;
  readonly joint: JointCommits;
  readonly gate: Gate;
}

/**
 * Rows in Datastore.
 *
 * Rows are read with their version and written back only if the version is unchanged; all writes of a change are one
 * atomic commit. No lock is held between two calls, so a crashed process blocks no other, and a change takes two round
 * trips.
 */
export class Store implements Guarded {
  readonly #options: StoreOptions;
  readonly #entities: EntityClient;
  readonly #queries: SharedQueries;
  readonly #joint: JointCommits;
  readonly #gate: Gate;

  constructor(options: StoreOptions, shared: Shared = sharedOf(options)) {
    this.#options = options;
    this.#entities = shared.entities;
    this.#queries = shared.queries;
    this.#joint = shared.joint;
    this.#gate = shared.gate;
  }

  /**
   * Returns the same store for one request: writes are sent only after the gate opens, and never if it stays closed.
   * Reads are sent until the request is refused.
   */
  behind(gate: Gate): Store {
    const [entities, queries, joint] = [this.#entities, this.#queries, this.#joint];
    return new Store(this.#options, { entities, queries, joint, gate });
  }

  /** Opens the connection early, so that the first request does not wait for it. */
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
   * Reads rows in one round trip per 1,000, in the order of `refs`; `undefined` for rows that do not exist and for
   * undefined refs.
   */
  async getAll<const Refs extends readonly (Ref<unknown> | undefined)[] | []>(refs: Refs): Promise<RowsOf<Refs>> {
    const targets: readonly (Ref<unknown> | undefined)[] = refs;
    const named = targets.filter((target) => target !== undefined);
    const found = named.length === 0 ? undefined : await this.#read(() => this.#entities.findTogether(named));
    return targets.map((target) =>
      target === undefined || found === undefined ? undefined : rowFound(target, found),
    ) as RowsOf<Refs>;
  }

  /** Reads one page of rows. Strongly consistent. The same query asked within one tick is sent once. */
  async query<T>(shape: Shape<T>, values: Readonly<Record<string, Value>>, page: Page): Promise<RowPage<T>> {
    if (page.cursor !== undefined && !isEncoded(page.cursor)) throw badCursor();
    return this.#read(() => this.#queries.query(shape, values, page)).catch((thrown: unknown) => {
      // A cursor is opaque, so only Datastore can tell whether it is valid.
      if (page.cursor !== undefined && grpcCode(causeOf(thrown)) === STATUS.invalidArgument) throw badCursor(thrown);
      throw thrown;
    });
  }

  /**
   * Reads the refs of one page from index entries alone, so no entity is read for the rows of the page and those that its
   * offset skips. Some rows may be gone when `getAll` reads them afterwards.
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

  /** Returns the exact number of matching rows, counted by Datastore; the same count within one tick is sent once. */
  async count(shape: Shape, values: Readonly<Record<string, Value>>): Promise<number> {
    return this.#read(() => this.#queries.count(shape, values));
  }

  /** Adds `by` (default 1) to a counter and returns its new value: see `incrementAll`. */
  async increment<T>(
    target: Ref<T>,
    property: keyof T & string,
    { expireAtMs, by = 1 }: { readonly expireAtMs: number; readonly by?: number },
  ): Promise<Counted> {
    const [count = 0] = await this.incrementAll(target, { [property]: by }, expireAtMs);
    return { count };
  }

  /**
   * Adds to several counters of a row in one atomic write and one round trip, and returns their new values in the same
   * order. No condition can make it fail. A write that was ABORTED, because the row is written too often, is repeated after a
   * pause; one without an answer is repeated once. After a lost answer, counters can only be too high: an addition may be
   * applied twice, a subtraction is not repeated.
   */
  async incrementAll(
    target: Ref<unknown>,
    amounts: Readonly<Record<string, number>>,
    expireAtMs: number,
  ): Promise<readonly number[]> {
    await this.#gate.opened();
    const values = await this.#read(() => this.#increment(target, amounts, expireAtMs));
    if (values.length !== Object.keys(amounts).length) throw new Failure('internal', 'A counter was not answered.');
    return values;
  }

  /**
   * Reads, decides and commits until no other writer interferes: see `optimisticChange`. Throws `unavailable` when
   * every attempt conflicted.
   */
  async change<T>(decide: () => Promise<Change<T>>): Promise<T> {
    return optimisticChange(decide, {
      ...this.#options,
      commit: (writes) => this.#commit(writes),
      wasApplied: (writes) => this.#wasApplied(writes),
    });
  }

  /**
   * Like `change`, for changes that meet: those of a topic are committed together, and each is answered by its own outcome.
   * A change joins a commit once its gate is open. `oneAtATime`: they write the same row, so the topic has one commit at a time.
   */
  async changeTogether<Own, T>(
    topic: { readonly name: string; readonly oneAtATime: boolean },
    change: JointChange<Own, T>,
  ): Promise<T> {
    const { member, answered } = memberOf(change);
    await Promise.all([member.refresh(), this.#gate.opened()]);
    this.#joint.enter(topic, member);
    return answered;
  }

  /** One attempt, for writers who give way. Throws `Conflict` when a row was not as it had been read. */
  async commitOnce(writes: readonly Write[]): Promise<VersionOf> {
    try {
      return await this.#commit(writes);
    } catch (thrown) {
      throw thrown instanceof Conflict ? thrown : toFailure(thrown);
    }
  }

  /**
   * Writes rows without reading them, for scripts and seed data without concurrent writers. At most 500 writes per
   * call.
   */
  async write(writes: readonly Write[]): Promise<void> {
    await this.change(async () => ({ writes, result: undefined }));
  }

  async #increment(
    target: Ref<unknown>,
    amounts: Readonly<Record<string, number>>,
    expireAtMs: number,
  ): Promise<readonly number[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#entities.increment(target, amounts, expireAtMs);
      } catch (thrown) {
        const code = grpcCode(thrown);
        if (NO_ANSWER.has(code)) {
          const upwards = Object.entries(amounts).map(([property, by]) => [property, Math.max(0, by)] as const);
          return this.#entities.increment(target, Object.fromEntries(upwards), expireAtMs);
        }
        if (code !== STATUS.aborted || attempt === INCREMENT_ATTEMPTS_MAX) throw thrown;
        await this.#options.sleep(pauseMs(attempt, this.#options.random));
      }
    }
  }

  async #commit(writes: readonly Write[]): Promise<VersionOf> {
    await this.#gate.opened();
    return this.#entities.commit(writes);
  }

  /**
   * Returns whether a commit without an acknowledgement was applied. A conflict can have the same cause: Google's
   * client or a proxy may have repeated a commit that was applied. Inserted rows have ids that no other process
   * generates.
   */
  async #wasApplied(writes: readonly Write[]): Promise<boolean> {
    const witness = witnessOf(writes);
    if (witness === undefined) return false;
    const found = await this.#read(() => this.#entities.find([witness.ref]));
    return isAsInserted(witness, found.get(nameOf(witness.ref)));
  }

  /** Runs a read. A store that does not answer leads to 503 `unavailable`, never to an empty result. */
  async #read<T>(call: () => Promise<T>): Promise<T> {
    this.#gate.requireNotRefused();
    try {
      return await call();
    } catch (thrown) {
      throw toFailure(thrown);
    }
  }
}

function sharedOf({ random, sleep, ...options }: StoreOptions): Shared {
  const entities = new EntityClient(options);
  const joint = new JointCommits({
    commit: (writes) => entities.commit(writes),
    find: (targets) => entities.find(targets),
    random,
    sleep,
  });
  return { entities, queries: new SharedQueries(entities), joint, gate: OPEN_GATE };
}
