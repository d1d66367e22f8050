import type { AnsweredCall } from '#scripts/emulators/datastore/datastore-emulator.ts';

/** What Datastore bills for a call, and the index entries that a commit changed. */
export interface DatastoreUsage {
  /** Entities read, and look-ups of entities that do not exist; a count is one per 1,000 index entries. */
  readonly reads: number;
  readonly writes: number;
  readonly deletes: number;
  /** Keys read by keys-only queries; free of charge. */
  readonly small: number;
  /** Rows made with an expiry time, each of which is deleted later by its TTL policy. */
  readonly expiring: number;
  /** Not billed, but written with each commit, and stored. */
  readonly indexEntries: number;
}

export const NO_USAGE: DatastoreUsage = { reads: 0, writes: 0, deletes: 0, small: 0, expiring: 0, indexEntries: 0 };

/** Index entries that a count reads for the price of one entity. */
const ENTRIES_PER_READ = 1_000;

interface LookupReply {
  readonly found: readonly unknown[];
  readonly missing: readonly unknown[];
}

interface QueryReply {
  readonly batch: { readonly skippedResults: number; readonly entityResults: readonly unknown[] };
}

interface Entity {
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Mutation {
  readonly operation?: string;
  readonly insert?: Entity | null;
  readonly upsert?: Entity | null;
}

interface Timestamp {
  readonly seconds: unknown;
  readonly nanos: number;
}

interface CommitReply {
  readonly indexUpdates: number;
  readonly mutationResults: readonly { readonly createTime?: Timestamp; readonly updateTime?: Timestamp }[];
}

/**
 * Returns what Datastore bills for a call that succeeded. Source of the rules:
 * https://cloud.google.com/datastore/docs/pricing (read operations, index entries, small operations).
 */
export function usageOf({ method, request, response, indexEntriesRead }: AnsweredCall): DatastoreUsage {
  // The casts are safe: the emulator decoded and made these messages for the method that `method` names.
  switch (method) {
    case 'lookup': {
      const { found, missing } = response as LookupReply;
      return { ...NO_USAGE, reads: found.length + missing.length };
    }
    case 'runQuery': {
      const { skippedResults, entityResults } = (response as QueryReply).batch;
      const results = skippedResults + entityResults.length;
      // A keys-only query is one read, whatever it finds.
      return isKeysOnly(request) ? { ...NO_USAGE, reads: 1, small: results } : { ...NO_USAGE, reads: results };
    }
    case 'runAggregationQuery':
      return { ...NO_USAGE, reads: Math.max(1, Math.ceil(indexEntriesRead / ENTRIES_PER_READ)) };
    case 'commit': {
      const { mutations } = request as { readonly mutations: readonly Mutation[] };
      const { indexUpdates, mutationResults } = response as CommitReply;
      const deletes = mutations.filter(({ operation }) => operation === 'delete').length;
      const expiring = mutations.filter(
        ({ insert, upsert }, i) =>
          (insert ?? upsert)?.properties['expireAt'] !== undefined && isCreated(mutationResults[i]),
      ).length;
      return { ...NO_USAGE, writes: mutations.length - deletes, deletes, expiring, indexEntries: indexUpdates };
    }
    default:
      return NO_USAGE;
  }
}

function isCreated(result: CommitReply['mutationResults'][number] | undefined): boolean {
  const [created, updated] = [result?.createTime, result?.updateTime];
  return String(created?.seconds) === String(updated?.seconds) && created?.nanos === updated?.nanos;
}

function isKeysOnly(request: object): boolean {
  const { query } = request as {
    readonly query: { readonly projection: readonly { readonly property: { readonly name: string } }[] };
  };
  return query.projection.some(({ property }) => property.name === '__key__');
}

export function sumOfUsage(usages: readonly DatastoreUsage[]): DatastoreUsage {
  const sum = (figure: keyof DatastoreUsage): number => usages.reduce((total, usage) => total + usage[figure], 0);
  return {
    reads: sum('reads'),
    writes: sum('writes'),
    deletes: sum('deletes'),
    small: sum('small'),
    expiring: sum('expiring'),
    indexEntries: sum('indexEntries'),
  };
}
