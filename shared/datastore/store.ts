import { v1 } from '@google-cloud/datastore';
import type { protos } from '@google-cloud/datastore/build/src/protos.js';
import { Batcher } from '#shared/concurrency/batcher.ts';
import { Failure } from '#shared/domain/failure.ts';
import { connect, connection } from './connection.ts';
import { expiry, type Value } from './field.ts';
import type { Kind } from './kind.ts';
import { filterOf } from './query-filter.ts';
import type { Page, Shape } from './query.ts';
import {
  badCursor,
  causeOf,
  grpcCode,
  isEncoded,
  NO_ANSWER,
  STATUS,
  toFailure,
  UncertainCommit,
} from './store-failure.ts';
import {
  type Change,
  Conflict,
  type Key,
  type Mutation,
  ref,
  type Ref,
  type Row,
  type VersionOf,
  type Write,
} from './write.ts';

type EntityResult = protos.google.datastore.v1.IEntityResult;

/** What a commit did to one counter. */
export interface Counted {
  readonly count: number;
}

/** Longest wait for one RPC. The slowest honest answer is far below it, and a caller is waiting. */
const READ_TIMEOUT_MS = 5_000;
const COMMIT_TIMEOUT_MS = 6_000;

/** Attempts of one `change`; with the waits below they take 3 s at most, then the caller is told to come back. */
const CHANGE_ATTEMPTS_MAX = 12;

/** Datastore's own limit. */
const LOOKUP_KEYS_MAX = 1_000;

/** By kind and id. */
type Found = ReadonlyMap<string, EntityResult>;

export interface StoreOptions {
  readonly project: string;
  /** `""` is the default database. */
  readonly database: string;
  /** `host:port` of an emulator. */
  readonly emulatorHost: string | undefined;
  /** 0 ≤ x < 1; spreads the waits of writers that met. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Rows in Datastore, by Google's generated client.
 *
 * Rows are read with their version and written back on condition that they still have it, all writes of a change in one
 * atomic commit. So no lock is held between two calls: a process that dies in between leaves nothing behind for others
 * to wait for, and a change costs two round trips.
 */
export class Store {
  readonly #client: v1.DatastoreClient;
  readonly #emulatorHost: string | undefined;
  readonly #scope: { readonly projectId: string; readonly databaseId: string };
  readonly #random: () => number;
  readonly #sleep: (ms: number) => Promise<void>;
  /** What several requests read at the same time goes into one call: it costs far more than a row. */
  readonly #lookUps = new Batcher<readonly Ref<unknown>[], Found>(async (all) => {
    const found = await this.#find(all.flat());
    return () => found;
  });

  constructor(options: StoreOptions) {
    this.#client = new v1.DatastoreClient(connection(options.emulatorHost));
    this.#emulatorHost = options.emulatorHost;
    this.#scope = { projectId: options.project, databaseId: options.database };
    this.#random = options.random;
    this.#sleep = options.sleep;
  }

  /** Opens the connection, so that the first request does not wait for it. */
  async connect(): Promise<void> {
    await connect(this.#client, this.#emulatorHost);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async get<T>(target: Ref<T>): Promise<Row<T> | undefined> {
    const [row] = await this.getAll([target]);
    return row;
  }

  /** Reads rows in one round trip for each 1,000, in the order asked for; `undefined` where there is none. */
  async getAll<const Refs extends readonly Ref<unknown>[] | []>(
    refs: Refs,
  ): Promise<{ -readonly [I in keyof Refs]: Refs[I] extends Ref<infer T> ? Row<T> | undefined : never }> {
    type Answer = { -readonly [I in keyof Refs]: Refs[I] extends Ref<infer T> ? Row<T> | undefined : never };
    const targets: readonly Ref<unknown>[] = refs;
    if (targets.length === 0) return [] as unknown as Answer;
    const found = await this.#read(() =>
      this.#lookUps.ask('', targets).catch((thrown: unknown) => {
        if (grpcCode(thrown) !== STATUS.invalidArgument) throw thrown;
        // A key that the store does not take is the fault of the one who asked for it.
        return this.#find(targets);
      }),
    );
    return targets.map((target) => {
      const result = found.get(nameOf(target));
      return result === undefined ? undefined : toRow(target.kind, result);
    }) as Answer;
  }

  /** One page of rows. Strongly consistent. */
  async query<T>(
    shape: Shape<T>,
    values: Readonly<Record<string, Value>>,
    page: Page,
  ): Promise<{ readonly rows: readonly Row<T>[]; readonly cursor: string | undefined }> {
    if (page.cursor !== undefined && !isEncoded(page.cursor)) throw badCursor();
    const { results, cursor, more } = await this.#run(shape, values, page).catch((thrown: unknown) => {
      // A cursor is opaque to us as well: whether it is one, only the store can say.
      if (page.cursor !== undefined && grpcCode(causeOf(thrown)) === STATUS.invalidArgument) throw badCursor(thrown);
      throw thrown;
    });
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
    const { results, cursor, more } = await this.#run(shape, values, { ...page, keysOnly: true });
    const refs = results.map(({ entity }) => ref(shape.kind, entity?.key?.path?.[0]?.name ?? ''));
    return { refs, cursor: more ? cursor : undefined };
  }

  /** Exact number of rows, counted by the store itself. */
  async count(shape: Shape, values: Readonly<Record<string, Value>>): Promise<number> {
    const [response] = await this.#read(() =>
      this.#client.runAggregationQuery(
        {
          ...this.#scope,
          partitionId: this.#scope,
          aggregationQuery: {
            nestedQuery: { kind: [{ name: shape.kind.name }], ...filterOf(shape, values) },
            aggregations: [{ alias: 'total', count: {} }],
          },
        },
        { timeout: READ_TIMEOUT_MS * 2 },
      ),
    );
    const total = response.batch?.aggregationResults?.[0]?.aggregateProperties?.['total']?.integerValue;
    return Number(String(total ?? 0));
  }

  /**
   * Adds to a counter, 1 unless `by` says more, and answers its new value, in one round trip that no other writer can make
   * fail. `also` are writes that may ride along; they must not need a condition, nor write the same row twice.
   */
  async increment<T>(
    target: Ref<T>,
    property: keyof T & string,
    options: { expireAtMs: number; by?: number; also?: readonly Write[] },
  ): Promise<Counted> {
    const counter: Mutation = {
      upsert: { key: this.#key(target), properties: { expireAt: expiry(options.expireAtMs) } },
      // Without the mask the upsert would clear the counter before it is incremented.
      propertyMask: { paths: ['expireAt'] },
      propertyTransforms: [{ property, increment: { integerValue: options.by ?? 1 } }],
    };
    const also = (options.also ?? []).map((write) => write.mutation(this.#key(write.ref)));
    const [response] = await this.#read(() =>
      this.#client.commit(
        { ...this.#scope, mode: 'NON_TRANSACTIONAL', mutations: [counter, ...also] },
        { timeout: COMMIT_TIMEOUT_MS },
      ),
    );
    const value = response.mutationResults?.[0]?.transformResults?.[0]?.integerValue;
    if (value === undefined || value === null) throw new Failure('internal', 'The counter was not answered.');
    return { count: Number(String(value)) };
  }

  /**
   * Reads, decides and writes until nobody was in between. `decide` runs once per attempt and must decide anew from rows
   * that it reads itself. When the answer to a commit is lost, the first inserted row tells whether it was applied; a
   * change without an insert is decided again and must then find that nothing is left to do.
   *
   * Throws `unavailable` when others were faster in every attempt.
   */
  async change<T>(decide: () => Promise<Change<T>>): Promise<T> {
    // What may be applied yet: a commit whose answer was lost can still be on its way when it is looked for.
    const open: Change<T>[] = [];
    for (let attempt = 1; ; attempt += 1) {
      const decided = await this.#decided(decide, open);
      if ('settled' in decided) return decided.settled;
      const { change } = decided;
      try {
        const versionOf = await this.#commit(change.writes);
        return change.applied === undefined ? change.result : change.applied(versionOf);
      } catch (thrown) {
        const uncertain = thrown instanceof UncertainCommit;
        if (!uncertain && !(thrown instanceof Conflict)) throw toFailure(thrown);
        const applied = await this.#appliedOf([change, ...open]);
        if (applied !== undefined) return applied.result;
        if (uncertain) open.push(change);
        // A store that does not answer is not hammered: two tries, then the caller is told.
        if (uncertain && attempt > 1) throw toFailure(thrown);
        if (attempt === CHANGE_ATTEMPTS_MAX) {
          throw new Failure('unavailable', 'Too many changes at the same time. Please try again.', {
            reason: 'contention',
            retryAfterSeconds: 1,
            cause: thrown,
          });
        }
        // Full jitter up to 20, 40, 80, … 500 ms: the first of many losers come back almost at once.
        await this.#sleep(this.#random() * Math.min(500, 10 * 2 ** attempt));
      }
    }
  }

  /**
   * Decides, and settles what needs no commit. A "no", or nothing left to do, may be the echo of an own commit that was
   * still on its way when it was looked for: whoever has taken the last place is then the caller himself.
   */
  async #decided<T>(
    decide: () => Promise<Change<T>>,
    open: readonly Change<T>[],
  ): Promise<{ readonly change: Change<T> } | { readonly settled: T }> {
    let change: Change<T>;
    try {
      change = await decide();
    } catch (thrown) {
      const applied = await this.#appliedOf(open);
      if (applied === undefined) throw thrown;
      return { settled: applied.result };
    }
    if (change.writes.length > 0) return { change };
    return { settled: ((await this.#appliedOf(open)) ?? change).result };
  }

  async #appliedOf<T>(changes: readonly Change<T>[]): Promise<Change<T> | undefined> {
    for (const change of changes) if (await this.#wasApplied(change.writes)) return change;
    return undefined;
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

  async #find(targets: readonly Ref<unknown>[]): Promise<Found> {
    const found = new Map<string, EntityResult>();
    const different = new Map(targets.map((target) => [nameOf(target), target]));
    const pending = Array.from(different.values(), (target) => this.#key(target));
    while (pending.length > 0) {
      const keys = pending.splice(0, LOOKUP_KEYS_MAX);
      const [response] = await this.#client.lookup({ ...this.#scope, keys }, { timeout: READ_TIMEOUT_MS });
      for (const result of response.found ?? []) found.set(keyText(result.entity?.key), result);
      pending.push(...(response.deferred ?? []));
    }
    return found;
  }

  async #commit(writes: readonly Write[]): Promise<VersionOf> {
    try {
      const [response] = await this.#client.commit(
        {
          ...this.#scope,
          mode: 'TRANSACTIONAL',
          singleUseTransaction: { readWrite: {} },
          mutations: writes.map((write) => write.mutation(this.#key(write.ref))),
        },
        { timeout: COMMIT_TIMEOUT_MS },
      );
      if (response.mutationResults?.some((result) => result.conflictDetected === true) === true) {
        throw new Conflict('a row was changed by somebody else');
      }
      const versions = new Map(
        writes.map(({ ref: target }, index) => [nameOf(target), response.mutationResults?.[index]?.version]),
      );
      return (target) => {
        const version = versions.get(nameOf(target));
        return version === undefined || version === null ? undefined : String(version);
      };
    } catch (thrown) {
      switch (grpcCode(thrown)) {
        case STATUS.alreadyExists:
        case STATUS.notFound:
        case STATUS.failedPrecondition:
        case STATUS.aborted:
          throw new Conflict('a row was not as it had been read', { cause: thrown });
        case undefined:
        default:
          if (!NO_ANSWER.has(grpcCode(thrown))) throw thrown;
          throw new UncertainCommit('the answer to a commit was lost', { cause: thrown });
      }
    }
  }

  /**
   * Whether a commit that was not acknowledged did happen. A conflict can be our own doing too: Google's client or a proxy
   * may have repeated a commit that had been applied. Inserted rows have ids that nobody else makes.
   */
  async #wasApplied(writes: readonly Write[]): Promise<boolean> {
    const witness = writes.find((write) => write.mutation({}).insert !== undefined);
    if (witness === undefined) return false;
    const [response] = await this.#read(() =>
      this.#client.lookup({ ...this.#scope, keys: [this.#key(witness.ref)] }, { timeout: READ_TIMEOUT_MS }),
    );
    const found = response.found?.[0]?.entity?.properties;
    if (found === undefined || found === null) return false;
    // A row that another writer inserted under the same id (an idempotency key) differs from ours in what it points to.
    const ours = witness.mutation({}).insert?.properties ?? {};
    return Object.keys(ours).every((name) => sameValue(ours[name], found[name]));
  }

  async #run(
    shape: Shape,
    values: Readonly<Record<string, Value>>,
    page: Page & { readonly keysOnly?: boolean },
  ): Promise<{ results: EntityResult[]; cursor: string; more: boolean }> {
    const results: EntityResult[] = [];
    let cursor = page.cursor;
    let offset = page.offset ?? 0;
    for (;;) {
      const [response] = await this.#read(() =>
        this.#client.runQuery(
          {
            ...this.#scope,
            partitionId: this.#scope,
            query: {
              kind: [{ name: shape.kind.name }],
              ...(page.keysOnly === true ? { projection: [{ property: { name: '__key__' } }] } : {}),
              ...filterOf(shape, values, page.range),
              order: shape.order.map(({ property, direction }) => ({
                property: { name: property },
                direction: direction === 'asc' ? 'ASCENDING' : 'DESCENDING',
              })),
              limit: { value: page.limit - results.length },
              offset,
              ...(cursor === undefined ? {} : { startCursor: Buffer.from(cursor, 'base64url') }),
            },
          },
          { timeout: READ_TIMEOUT_MS * 2 },
        ),
      );
      const batch = response.batch ?? {};
      results.push(...(batch.entityResults ?? []));
      offset -= batch.skippedResults ?? 0;
      const end = batch.endCursor ?? '';
      cursor = (typeof end === 'string' ? Buffer.from(end, 'base64') : Buffer.from(end)).toString('base64url');
      const more = batch.moreResults;
      if (more !== 'NOT_FINISHED') {
        return { results, cursor, more: more === 'MORE_RESULTS_AFTER_LIMIT' || more === 'MORE_RESULTS_AFTER_CURSOR' };
      }
    }
  }

  /** Fails closed: a store that does not answer is a 503 to come back to, never an empty answer. */
  async #read<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      throw toFailure(thrown);
    }
  }

  #key(target: Ref<unknown>): Key {
    return { partitionId: { ...this.#scope, namespaceId: '' }, path: [{ kind: target.kind.name, name: target.id }] };
  }
}

function nameOf({ kind, id }: Ref<unknown>): string {
  return `${kind.name}/${id}`;
}

function keyText(key: Key | null | undefined): string {
  const [element] = key?.path ?? [];
  return `${element?.kind ?? ''}/${element?.name ?? ''}`;
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
