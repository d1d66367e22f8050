import { status } from '@grpc/grpc-js';

import type { IndexedValues } from './entities.ts';
import { checkProperties, checkSize, indexedValues } from './entities.ts';
import type { KeyAllocator } from './key-allocator.ts';
import { checkKey, encodePath, isIncomplete, resolvePartition } from './keys.ts';
import { merged } from './property-paths.ts';
import { invalidArgument, StatusError } from './status-error.ts';
import type { Store, StoredEntity } from './store.ts';
import type { Change } from './transactions.ts';
import { entityId } from './transactions.ts';
import type { Expiry } from './expiry.ts';
import { applyTransforms } from './transforms.ts';
import type { MutationResult, WireEntity, WireKey, WireMutation, WireScope } from './wire.ts';
import { decodeEntity, encodeEntity, microsOf, timestampOf, toBigInt } from './wire.ts';

/** Value of Mutation.ConflictResolutionStrategy. */
const FAIL = 3;

type Operation = 'insert' | 'update' | 'upsert' | 'delete';

/** Which operations on one entity must not follow each other within a commit. */
const FORBIDDEN_SEQUENCES: Readonly<Record<Operation, readonly Operation[]>> = {
  insert: ['insert'],
  update: ['insert'],
  upsert: ['insert'],
  delete: ['update'],
};

/** A checked mutation, with the complete key of its entity. */
export interface PreparedMutation {
  readonly wire: WireMutation;
  readonly operation: Operation;
  readonly entity: WireEntity | undefined;
  readonly key: WireKey;
  readonly partitionId: number;
  readonly keyBytes: Buffer;
  readonly isAllocated: boolean;
}

export interface Applied {
  readonly results: readonly MutationResult[];
  readonly changes: readonly Change[];
  readonly indexUpdates: number;
  readonly version: number;
}

/** Checks what can be checked without the stored entities, and completes keys. */
export function prepareMutations(
  mutations: readonly WireMutation[],
  scope: WireScope,
  context: { readonly store: Store; readonly allocator: KeyAllocator; readonly isTransactional: boolean },
): PreparedMutation[] {
  const previous = new Map<string, Operation>();
  return mutations.map((wire) => {
    const prepared = prepareMutation(wire, scope, context);
    const id = entityId(prepared.partitionId, prepared.keyBytes);
    const before = previous.get(id);
    if (before !== undefined && !context.isTransactional) {
      throw invalidArgument('A non-transactional commit may not contain multiple mutations affecting the same entity.');
    }
    if (before !== undefined && FORBIDDEN_SEQUENCES[before].includes(prepared.operation)) {
      throw invalidArgument(`Cannot ${before} then ${prepared.operation} an entity in the same request.`);
    }
    previous.set(id, prepared.operation);
    return prepared;
  });
}

function prepareMutation(
  wire: WireMutation,
  scope: WireScope,
  { store, allocator }: { readonly store: Store; readonly allocator: KeyAllocator },
): PreparedMutation {
  const { operation } = wire;
  if (operation === undefined) throw invalidArgument('A mutation has no operation.');
  const entity = operation === 'delete' ? undefined : (wire[operation] ?? undefined);
  const given = operation === 'delete' ? wire.delete : entity?.key;
  if (given === undefined || given === null) throw invalidArgument('A mutation has no key.');
  const mayAllocate = operation === 'insert' || operation === 'upsert';
  checkKey(given, { forWrite: true, incomplete: mayAllocate });
  if (entity === undefined && wire.propertyTransforms.length > 0) {
    throw invalidArgument('A delete takes no property transforms.');
  }
  if (entity !== undefined) checkProperties(entity.properties);
  const partition = resolvePartition(given.partitionId, scope);
  const isAllocated = isIncomplete(given);
  const path = isAllocated ? allocator.complete(partition, given.path) : given.path;
  return {
    wire,
    operation,
    entity,
    key: { partitionId: partition, path },
    partitionId: store.partitionId(partition),
    keyBytes: encodePath(path),
    isAllocated,
  };
}

/** Applies mutations in order. If it throws, the caller must roll back all of them. */
export function applyMutations(
  store: Store,
  mutations: readonly PreparedMutation[],
  { nowMs, expiry }: { readonly nowMs: number; readonly expiry: Expiry | undefined },
): Applied {
  const version = store.nextVersion(nowMs);
  const changes: Change[] = [];
  let indexUpdates = 0;
  const results = mutations.map((mutation) => {
    const before = store.entity(mutation.partitionId, mutation.keyBytes);
    const outcome = applyMutation(store, mutation, { before, version, nowMs, expiry });
    if (outcome.change !== undefined) changes.push(outcome.change);
    indexUpdates += outcome.indexUpdates;
    return outcome.result;
  });
  return { results, changes, indexUpdates, version };
}

interface Outcome {
  readonly result: MutationResult;
  readonly change?: Change;
  readonly indexUpdates: number;
}

function applyMutation(
  store: Store,
  mutation: PreparedMutation,
  state: {
    readonly before: StoredEntity | undefined;
    readonly version: number;
    readonly nowMs: number;
    readonly expiry: Expiry | undefined;
  },
): Outcome {
  const { wire, operation, entity, key, partitionId, keyBytes } = mutation;
  const { before, version, nowMs, expiry } = state;
  checkExistence(operation, before, key);
  if (isConflicting(store, mutation, before)) {
    if (wire.conflictResolutionStrategy === FAIL) {
      throw new StatusError(
        status.FAILED_PRECONDITION,
        `the stored version (${before?.version ?? 0}) does not match the required base version`,
      );
    }
    const kept = before === undefined ? { version } : describe(before.version, before.createdMicros);
    return { result: { ...kept, conflictDetected: true }, indexUpdates: 0 };
  }
  if (entity === undefined) {
    if (before === undefined) return { result: { version }, indexUpdates: 0 };
    const indexUpdates = store.remove(partitionId, keyBytes, before, version);
    expiry?.forget(partitionId, keyBytes);
    const change = { version, partitionId, key: keyBytes, before, after: undefined };
    return { result: { version }, change, indexUpdates };
  }
  const written = writtenEntity(mutation, entity, { before, nowMs });
  const createdMicros = before?.createdMicros ?? version;
  const after = { version, createdMicros, data: written.data, values: written.values };
  const indexUpdates = store.put(partitionId, keyBytes, after, before);
  expiry?.note(partitionId, keyBytes, { key, properties: written.properties });
  return {
    result: {
      ...describe(version, createdMicros),
      ...(mutation.isAllocated && { key }),
      ...(written.transformResults.length > 0 && { transformResults: written.transformResults }),
    },
    change: { version, partitionId, key: keyBytes, before, after: written.data },
    indexUpdates,
  };
}

function checkExistence(operation: Operation, before: StoredEntity | undefined, key: WireKey): void {
  const named = (): string =>
    JSON.stringify(key.path.map(({ kind, id, name }) => [kind, name ?? String(toBigInt(id ?? 0))]));
  if (operation === 'insert' && before !== undefined) {
    throw new StatusError(status.ALREADY_EXISTS, `entity already exists: ${named()}`);
  }
  if (operation === 'update' && before === undefined) {
    throw new StatusError(status.NOT_FOUND, `no entity to update: ${named()}`);
  }
}

function isConflicting(store: Store, mutation: PreparedMutation, before: StoredEntity | undefined): boolean {
  const { wire, partitionId, keyBytes } = mutation;
  switch (wire.conflictDetectionStrategy) {
    case 'updateTime': {
      const { updateTime } = wire;
      return (
        before === undefined ||
        updateTime === undefined ||
        updateTime === null ||
        microsOf(updateTime) !== BigInt(before.version)
      );
    }
    case 'baseVersion': {
      const baseVersion = Number(toBigInt(wire.baseVersion));
      if (before !== undefined) return before.version !== baseVersion;
      // The entity was missing at the given version, so only a later deletion would be a conflict.
      return baseVersion < store.deletedVersion(partitionId, keyBytes) && baseVersion !== 0;
    }
    default:
      if (wire.conflictResolutionStrategy === FAIL) {
        throw invalidArgument('A conflict resolution strategy needs a base version or an update time.');
      }
      return false;
  }
}

function writtenEntity(
  { wire, key }: PreparedMutation,
  entity: WireEntity,
  { before, nowMs }: { readonly before: StoredEntity | undefined; readonly nowMs: number },
): {
  readonly data: Buffer;
  readonly values: IndexedValues;
  readonly properties: WireEntity['properties'];
  readonly transformResults: NonNullable<MutationResult['transformResults']>;
} {
  let { properties } = entity;
  if (wire.propertyMask !== undefined && wire.propertyMask !== null) {
    const stored = before === undefined ? {} : decodeEntity(before.data).properties;
    properties = merged(stored, properties, wire.propertyMask);
  }
  const transformed = applyTransforms(properties, wire.propertyTransforms, nowMs);
  const final = { key, properties: transformed.properties };
  if (wire.propertyTransforms.length > 0) checkProperties(final.properties);
  const data = encodeEntity(final);
  const values = indexedValues(final);
  checkSize(data, values);
  return { data, values, properties: final.properties, transformResults: transformed.results };
}

function describe(version: number, createdMicros: number): MutationResult {
  return { version, createTime: timestampOf(createdMicros), updateTime: timestampOf(version) };
}
