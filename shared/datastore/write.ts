import type { protos } from '@google-cloud/datastore/build/src/protos.js';
import { time } from './field.ts';
import type { Kind } from './kind.ts';

export type Mutation = protos.google.datastore.v1.IMutation;

export type Key = protos.google.datastore.v1.IKey;

/** Names a row, whether it exists or not. */
export interface Ref<T> {
  readonly kind: Kind<T>;
  readonly id: string;
}

export function ref<T>(kind: Kind<T>, id: string): Ref<T> {
  return { kind, id };
}

/** A row as it was when it was read. */
export interface Row<T> extends Ref<T> {
  readonly value: T;
  /** Grows with every write; a row is written back only if it still is this one. */
  readonly version: string;
}

/** One write of a commit. Made by the functions below, so that kind and value fit together. */
export interface Write {
  readonly ref: Ref<unknown>;
  readonly mutation: (key: Key) => Mutation;
}

const FAIL = 'FAIL' as const;

/** Fails the commit when the row exists. */
export function insert<T>(kind: Kind<T>, id: string, value: T): Write {
  return { ref: { kind, id }, mutation: (key) => ({ insert: { key, properties: { ...kind.encode(value) } } }) };
}

/** Fails the commit when the row was changed or removed since it was read. */
export function replace<T>(row: Row<T>, value: T): Write {
  return {
    ref: row,
    mutation: (key) => ({
      update: { key, properties: { ...row.kind.encode(value) } },
      baseVersion: row.version,
      conflictResolutionStrategy: FAIL,
    }),
  };
}

/** Fails the commit when the row was changed or removed since it was read. */
export function remove<T>(row: Row<T>): Write {
  return { ref: row, mutation: (key) => ({ delete: key, baseVersion: row.version, conflictResolutionStrategy: FAIL }) };
}

/** Writes whatever was there before. */
export function put<T>(kind: Kind<T>, id: string, value: T): Write {
  return { ref: { kind, id }, mutation: (key) => ({ upsert: { key, properties: { ...kind.encode(value) } } }) };
}

/** Removes the row if there is one. */
export function erase<T>(target: Ref<T>): Write {
  return { ref: target, mutation: (key) => ({ delete: key }) };
}

/** Writes one time and leaves the rest of the row alone; nothing happens to a row that others change meanwhile. */
export function touch<T>(target: Ref<T>, property: keyof T & string, atMs: number): Write {
  return {
    ref: target,
    mutation: (key) => ({
      update: { key, properties: { [property]: time.encode(atMs) } },
      propertyMask: { paths: [property] },
    }),
  };
}

/** A row as a commit left it that wrote this value; `undefined` when the commit did not write it. */
export function rowAfter<T>(versionOf: VersionOf, { kind, id }: Ref<T>, value: T): Row<T> | undefined {
  const version = versionOf({ kind, id });
  return version === undefined ? undefined : { kind, id, value, version };
}

/** A commit was refused because a row was not as the writer had read it. Nothing was written. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** What `change` writes and answers; no writes means that nothing is to be done. */
export interface Change<T> {
  readonly writes: readonly Write[];
  readonly result: T;
  /** The result instead, when the store has answered which versions it made: nobody need read back what he wrote. */
  readonly applied?: (versionOf: VersionOf) => T;
}

/** The version that a commit gave a row it wrote; `undefined` for any other. */
export type VersionOf = (target: Ref<unknown>) => string | undefined;
