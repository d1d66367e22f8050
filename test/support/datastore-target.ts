import { v1 } from '@google-cloud/datastore';
import type { protos } from '@google-cloud/datastore/build/src/protos.js';
import { grpc } from 'google-gax';
import { onTestFinished } from 'vitest';

export type Value = protos.google.datastore.v1.IValue;
export type Key = protos.google.datastore.v1.IKey;
export type Query = protos.google.datastore.v1.IQuery;
export type Filter = protos.google.datastore.v1.IFilter;
export type Mutation = protos.google.datastore.v1.IMutation;
export type Batch = protos.google.datastore.v1.IQueryResultBatch;
export type CommitResponse = protos.google.datastore.v1.ICommitResponse;
type Operator = keyof typeof protos.google.datastore.v1.PropertyFilter.Operator;

// Without this setting Google's authentication first spends seconds on looking for a metadata server.
process.env['METADATA_SERVER_DETECTION'] = 'none';

/** A Datastore that the conformance suite runs against: the embedded emulator or Google's. */
export interface DatastoreTarget {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  stop(): Promise<void>;
}

export const integer = (value: number): Value => ({ integerValue: value });
export const text = (value: string): Value => ({ stringValue: value });
export const array = (...values: Value[]): Value => ({ arrayValue: { values } });

export function where(name: string, op: Operator, value: Value): Filter {
  return { propertyFilter: { property: { name }, op, value } };
}
export const and = (...filters: Filter[]): Filter => ({ compositeFilter: { op: 'AND', filters } });
export const or = (...filters: Filter[]): Filter => ({ compositeFilter: { op: 'OR', filters } });

/** Returns sort orders: `order('a', '-b')` sorts by a, then by b descending. */
export function order(...names: string[]): NonNullable<Query['order']> {
  return names.map((name) =>
    name.startsWith('-')
      ? { property: { name: name.slice(1) }, direction: 'DESCENDING' }
      : { property: { name }, direction: 'ASCENDING' },
  );
}

/** Google's own generated client, in a namespace of its own, so that test cases do not see each other's rows. */
export class DatastoreHarness {
  static #count = 0;
  readonly projectId = 'conformance';
  readonly namespaceId: string;
  readonly client: v1.DatastoreClient;

  constructor({ address }: DatastoreTarget) {
    DatastoreHarness.#count += 1;
    this.namespaceId = `case-${DatastoreHarness.#count}`;
    const [host = '', port = ''] = address.split(':');
    this.client = new v1.DatastoreClient({
      projectId: this.projectId,
      apiEndpoint: host,
      port: Number(port),
      sslCreds: grpc.credentials.createInsecure(),
    });
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  get partitionId(): protos.google.datastore.v1.IPartitionId {
    return { projectId: this.projectId, namespaceId: this.namespaceId };
  }

  /** Returns a key: `key('A', 'x', 'B', 7)` has a kind and a name or id for each level. The last id may be left out. */
  key(...path: (string | number)[]): Key {
    const elements: protos.google.datastore.v1.Key.IPathElement[] = [];
    for (let at = 0; at < path.length; at += 2) {
      const [kind, id] = [path[at], path[at + 1]];
      if (id === undefined) elements.push({ kind: String(kind) });
      else elements.push(typeof id === 'number' ? { kind: String(kind), id } : { kind: String(kind), name: id });
    }
    return { partitionId: this.partitionId, path: elements };
  }

  async commit(mutations: Mutation[], transaction?: Uint8Array | string | null): Promise<CommitResponse> {
    const { projectId } = this;
    const mode = transaction === undefined ? 'NON_TRANSACTIONAL' : 'TRANSACTIONAL';
    const [response] = await this.client.commit(
      transaction === undefined ? { projectId, mode, mutations } : { projectId, mode, mutations, transaction },
    );
    return response;
  }

  put(key: Key, properties: Record<string, Value>): Promise<CommitResponse> {
    return this.commit([{ upsert: { key, properties } }]);
  }

  async putAll(kind: string, entities: Record<string, Record<string, Value>>): Promise<void> {
    await this.commit(
      Object.entries(entities).map(([name, properties]) => ({ upsert: { key: this.key(kind, name), properties } })),
    );
  }

  async begin(): Promise<Uint8Array | string> {
    const [{ transaction }] = await this.client.beginTransaction({ projectId: this.projectId });
    return transaction ?? '';
  }

  async lookup(
    keys: Key[],
    readOptions?: protos.google.datastore.v1.IReadOptions,
  ): Promise<protos.google.datastore.v1.ILookupResponse> {
    const [response] = await this.client.lookup({ projectId: this.projectId, keys, readOptions: readOptions ?? null });
    return response;
  }

  /** Returns the properties of one entity; undefined if it does not exist. */
  async get(
    key: Key,
    readOptions?: protos.google.datastore.v1.IReadOptions,
  ): Promise<Record<string, Value> | undefined> {
    const { found } = await this.lookup([key], readOptions);
    return found?.[0]?.entity?.properties ?? undefined;
  }

  async query(query: Query, readOptions?: protos.google.datastore.v1.IReadOptions): Promise<Batch> {
    const { projectId, partitionId } = this;
    const [{ batch }] = await this.client.runQuery({ projectId, partitionId, query, readOptions: readOptions ?? null });
    return batch ?? {};
  }

  /** Returns the names (or ids) of the entities that a query finds, in order. */
  async names(query: Query): Promise<string[]> {
    return namesIn(await this.query(query));
  }
}

export function namesIn(batch: Batch): string[] {
  return (batch.entityResults ?? []).map(({ entity }) => {
    const last = entity?.key?.path?.at(-1);
    return last?.name ?? String(last?.id);
  });
}

/** Returns the gRPC status code with which a call fails; 0 if it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return 0;
  } catch (thrown) {
    return statusOf(thrown);
  }
}

/** Returns the gRPC status code of an error; a thrown value without one is returned as it is. */
export function statusOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown;
}

/** Opens a harness that is closed when the test ends. */
export function openHarness(target: DatastoreTarget): DatastoreHarness {
  const h = new DatastoreHarness(target);
  onTestFinished(() => h.close());
  return h;
}

/** Returns the name of the field that holds the value, such as `stringValue`. */
export function typeOf(value: Value | undefined): string | undefined {
  const fields = Object.entries(value ?? {}).filter(([name, held]) => name.endsWith('Value') && held !== undefined);
  return fields[0]?.[0];
}
