import { time } from './field.ts';
import type { Kind, Properties } from './kind.ts';

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
  /** Grows with every write; a row is written back only while this is still its version. */
  readonly version: string;
}

/** One write of a commit. Made by the functions below, so that kind and value fit together. */
export type Write =
  | { readonly type: 'insert'; readonly ref: Ref<unknown>; readonly properties: Properties }
  | { readonly type: 'replace'; readonly ref: Ref<unknown>; readonly properties: Properties; readonly version: string }
  | { readonly type: 'remove'; readonly ref: Ref<unknown>; readonly version: string }
  | { readonly type: 'put'; readonly ref: Ref<unknown>; readonly properties: Properties }
  | { readonly type: 'erase'; readonly ref: Ref<unknown> }
  | { readonly type: 'touch'; readonly ref: Ref<unknown>; readonly properties: Properties };

/** Fails the commit when the row exists. */
export function insert<T>(kind: Kind<T>, id: string, value: T): Write {
  return { type: 'insert', ref: { kind, id }, properties: kind.encode(value) };
}

/** Fails the commit when the row was changed or removed since it was read. Properties that the kind does not know stay. */
export function replace<T>(row: Row<T>, value: T): Write {
  return { type: 'replace', ref: row, properties: row.kind.encode(value), version: row.version };
}

/** Fails the commit when the row was changed or removed since it was read. */
export function remove<T>(row: Row<T>): Write {
  return { type: 'remove', ref: row, version: row.version };
}

/** Writes the row, whatever it held before; properties that the kind does not know stay. */
export function put<T>(kind: Kind<T>, id: string, value: T): Write {
  return { type: 'put', ref: { kind, id }, properties: kind.encode(value) };
}

/** Removes the row if there is one. */
export function erase<T>(target: Ref<T>): Write {
  return { type: 'erase', ref: target };
}

/** Writes one time and leaves the other members of the row alone. Fails the commit when the row is missing. */
export function touch<T>(target: Ref<T>, property: keyof T & string, atMs: number): Write {
  return { type: 'touch', ref: target, properties: { [property]: time.encode(atMs) } };
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
  /** The result instead, once the store has answered which versions it made: what was written need not be read back. */
  readonly applied?: (versionOf: VersionOf) => T;
}

/** The version that a commit gave a row it wrote; `undefined` for any other. */
export type VersionOf = (target: Ref<unknown>) => string | undefined;
