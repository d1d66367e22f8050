import { v1 } from '@google-cloud/datastore';
import type { protos } from '@google-cloud/datastore/build/src/protos.js';
import { Batcher } from '#shared/concurrency/batcher.ts';
import { connect, connection } from './connection.ts';
import { expiry, type Value } from './field.ts';
import { filterOf } from './query-filter.ts';
import type { Page, Shape } from './query.ts';
import { grpcCode, NO_ANSWER, STATUS, UncertainCommit } from './store-failure.ts';
import { Conflict, type Ref, type VersionOf, type Write } from './write.ts';

export type EntityResult = protos.google.datastore.v1.IEntityResult;
type Mutation = protos.google.datastore.v1.IMutation;
type Key = protos.google.datastore.v1.IKey;

/** Timeouts of one RPC. Even slow successful calls are much faster, and a caller is waiting. */
const READ_TIMEOUT_MS = 5_000;
const COMMIT_TIMEOUT_MS = 6_000;
/** Half of the commit's timeout, because an increment without an answer is repeated once. */
const INCREMENT_TIMEOUT_MS = 3_000;

/** Datastore's limit of keys per look-up. */
const LOOKUP_KEYS_MAX = 1_000;

/** Entities keyed by kind and id, in the format of `nameOf`. */
export type Found = ReadonlyMap<string, EntityResult>;

export interface EntityClientOptions {
  readonly project: string;
  /** `""` is the default database. */
  readonly database: string;
  /** `host:port` of an emulator. */
  readonly emulatorHost: string | undefined;
}

/** Wraps the RPCs of Google's generated Datastore client; passes entities, keys and errors through unchanged. */
export class EntityClient {
  readonly #client: v1.DatastoreClient;
  readonly #emulatorHost: string | undefined;
  readonly #scope: { readonly projectId: string; readonly databaseId: string };
  /** Combines look-ups of several requests in one RPC, because an RPC costs far more than a row. */
  readonly #lookUps = new Batcher<readonly Ref<unknown>[], Found>(async (all) => {
    const found = await this.find(all.flat());
    return () => found;
  });

  constructor(options: EntityClientOptions) {
    this.#client = new v1.DatastoreClient(connection(options.emulatorHost));
    this.#emulatorHost = options.emulatorHost;
    this.#scope = { projectId: options.project, databaseId: options.database };
  }

  async connect(): Promise<void> {
    await connect(this.#client, this.#emulatorHost);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** Reads entities, in one RPC together with other look-ups of the same tick. */
  async findTogether(targets: readonly Ref<unknown>[]): Promise<Found> {
    return this.#lookUps.ask('', targets).catch((thrown: unknown) => {
      if (grpcCode(thrown) !== STATUS.invalidArgument) throw thrown;
      // One invalid key fails the whole RPC, so each caller repeats their own keys alone.
      return this.find(targets);
    });
  }

  /** Reads entities, with one RPC per 1,000 keys. */
  async find(targets: readonly Ref<unknown>[]): Promise<Found> {
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

  /** Reads one page of a query. */
  async run(
    shape: Shape,
    values: Readonly<Record<string, Value>>,
    page: Page & { readonly keysOnly?: boolean },
  ): Promise<{ readonly results: readonly EntityResult[]; readonly cursor: string; readonly more: boolean }> {
    const results: EntityResult[] = [];
    let cursor = page.cursor;
    let offset = page.offset ?? 0;
    for (;;) {
      const [response] = await this.#client.runQuery(
        {
          ...this.#scope,
          partitionId: this.#scope,
          query: {
            kind: [{ name: shape.kind.name }],
            ...(page.keysOnly === true ? { projection: [{ property: { name: '__key__' } }] } : {}),
            ...filterOf(shape, values, page.range, (id) => this.#key({ kind: shape.kind, id })),
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

  /** Returns the exact number of matching rows, counted by Datastore. */
  async count(shape: Shape, values: Readonly<Record<string, Value>>): Promise<number> {
    const [response] = await this.#client.runAggregationQuery(
      {
        ...this.#scope,
        partitionId: this.#scope,
        aggregationQuery: {
          nestedQuery: { kind: [{ name: shape.kind.name }], ...filterOf(shape, values) },
          aggregations: [{ alias: 'total', count: {} }],
        },
      },
      { timeout: READ_TIMEOUT_MS * 2 },
    );
    const total = response.batch?.aggregationResults?.[0]?.aggregateProperties?.['total']?.integerValue;
    return Number(String(total ?? 0));
  }

  /**
   * Commits all writes or none. Throws `Conflict` when a row's condition does not hold, and `UncertainCommit` when no
   * answer arrives.
   */
  async commit(writes: readonly Write[]): Promise<VersionOf> {
    try {
      const [response] = await this.#client.commit(
        {
          ...this.#scope,
          mode: 'TRANSACTIONAL',
          singleUseTransaction: { readWrite: {} },
          mutations: writes.map((write) => mutationOf(write, this.#key(write.ref))),
        },
        { timeout: COMMIT_TIMEOUT_MS },
      );
      if (response.mutationResults?.some((result) => result.conflictDetected === true) === true) {
        throw new Conflict('a row was changed by another writer');
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
   * Increments properties of a row, which is created if missing, and sets when it expires. Returns the new values in the
   * order of `amounts`.
   */
  async increment(
    target: Ref<unknown>,
    amounts: Readonly<Record<string, number>>,
    expireAtMs: number,
  ): Promise<readonly number[]> {
    const counter: Mutation = {
      upsert: { key: this.#key(target), properties: { expireAt: expiry(expireAtMs) } },
      // Without the mask the upsert would clear the counter before it is incremented.
      propertyMask: { paths: ['expireAt'] },
      propertyTransforms: Object.entries(amounts).map(([property, by]) => ({
        property,
        increment: { integerValue: by },
      })),
    };
    const [response] = await this.#client.commit(
      { ...this.#scope, mode: 'NON_TRANSACTIONAL', mutations: [counter] },
      { timeout: INCREMENT_TIMEOUT_MS },
    );
    const results = response.mutationResults?.[0]?.transformResults ?? [];
    return results.map(({ integerValue }) => Number(String(integerValue)));
  }

  #key(target: Ref<unknown>): Key {
    return { partitionId: { ...this.#scope, namespaceId: '' }, path: [{ kind: target.kind.name, name: target.id }] };
  }
}

/** Converts a write to Datastore's mutation. */
function mutationOf(write: Write, key: Key): Mutation {
  switch (write.type) {
    case 'insert':
      return { insert: { key, properties: { ...write.properties } } };
    case 'replace':
      return {
        update: { key, properties: { ...write.properties } },
        ...named(write),
        ...unchangedSince(write.version),
      };
    case 'remove':
      return { delete: key, ...unchangedSince(write.version) };
    case 'put':
      return { upsert: { key, properties: { ...write.properties } }, ...named(write) };
    case 'erase':
      return { delete: key };
    case 'touch':
      return { update: { key, properties: { ...write.properties } }, ...named(write) };
  }
}

/**
 * Returns a mask that limits a write to the properties it names. During a deployment, old and new code share rows, and
 * each must keep the properties that the other has added.
 */
function named({ properties }: { readonly properties: Readonly<Record<string, Value>> }) {
  return { propertyMask: { paths: Object.keys(properties) } };
}

function unchangedSince(version: string) {
  return { baseVersion: version, conflictResolutionStrategy: 'FAIL' as const };
}

/** Returns a text that identifies a row within one call. */
export function nameOf({ kind, id }: Ref<unknown>): string {
  return `${kind.name}/${id}`;
}

function keyText(key: Key | null | undefined): string {
  const [element] = key?.path ?? [];
  return `${element?.kind ?? ''}/${element?.name ?? ''}`;
}
