import { type Field, plainText } from './field.ts';
import type { Kind, Properties } from './kind.ts';

/** Identifies a row, whether it exists or not. */
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
  /** Increases with every write; a conditional write succeeds only while the row still has this version. */
  readonly version: string;
}

/** One write of a commit, created by the functions below, which ensure that the value matches the kind. */
export type Write =
  | { readonly type: 'insert'; readonly ref: Ref<unknown>; readonly properties: Properties }
  | { readonly type: 'replace'; readonly ref: Ref<unknown>; readonly properties: Properties; readonly version: string }
  | { readonly type: 'remove'; readonly ref: Ref<unknown>; readonly version: string }
  | { readonly type: 'put'; readonly ref: Ref<unknown>; readonly properties: Properties }
  | { readonly type: 'erase'; readonly ref: Ref<unknown> }
  | { readonly type: 'touch'; readonly ref: Ref<unknown>; readonly properties: Properties };

/** Inserts a row. The commit fails if the row exists. */
export function insert<T>(kind: Kind<T>, id: string, value: T): Write {
  return { type: 'insert', ref: { kind, id }, properties: kind.encode(value) };
}

/**
 * Adds the writer to an inserted row, where two writers can make the same id and content. Without it, one of them would take
 * the other's row for its own after a conflict. No reader of the row sees it.
 */
export function signed(write: Write, writer: string): Write {
  if (write.type !== 'insert') return write;
  return { ...write, properties: { ...write.properties, writer: plainText.encode(writer) } };
}

/**
 * Replaces a row. The commit fails if the row has changed since it was read. Properties that the kind does not know are
 * kept.
 */
export function replace<T>(row: Row<T>, value: T): Write {
  return { type: 'replace', ref: row, properties: row.kind.encode(value), version: row.version };
}

/** Deletes a row. The commit fails if the row has changed since it was read. */
export function remove<T>(row: Row<T>): Write {
  return { type: 'remove', ref: row, version: row.version };
}

/** Writes a row unconditionally; properties that the kind does not know are kept. */
export function put<T>(kind: Kind<T>, id: string, value: T): Write {
  return { type: 'put', ref: { kind, id }, properties: kind.encode(value) };
}

/** Deletes a row if it exists. */
export function erase<T>(target: Ref<T>): Write {
  return { type: 'erase', ref: target };
}

/**
 * Writes one time property, by the field that its kind has for it, and keeps all others. The commit fails if the row does not
 * exist.
 */
export function touch<T>(target: Ref<T>, property: keyof T & string, atMs: number, field: Field<number>): Write {
  return { type: 'touch', ref: target, properties: { [property]: field.encode(atMs) } };
}

/** Returns a row as a commit has written it; `undefined` if the commit did not write it. */
export function rowAfter<T>(versionOf: VersionOf, { kind, id }: Ref<T>, value: T): Row<T> | undefined {
  const version = versionOf({ kind, id });
  return version === undefined ? undefined : { kind, id, value, version };
}

/** A row as a commit left it that wrote all its members; `undefined` when it is not among these writes, or not known. */
export function rowWritten<T>(versionOf: VersionOf, target: Ref<T>, writes: readonly Write[]): Row<T> | undefined {
  const write = writes.find(({ ref: { kind, id } }) => kind.name === target.kind.name && id === target.id);
  if (write?.type !== 'insert' && write?.type !== 'replace') return undefined;
  return rowAfter(versionOf, target, target.kind.decode(write.properties, target.id));
}

/** A commit was refused because a row was not as the writer had read it. Nothing was written. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** The decision of a change: its writes, if any, and its result. */
export interface Change<T> {
  readonly writes: readonly Write[];
  readonly result: T;
  /** Returns the result from the versions that the commit assigned, so that written rows need not be read back. */
  readonly applied?: (versionOf: VersionOf) => T;
}

/** Returns the version that a commit assigned to a row it wrote; `undefined` for any other row. */
export type VersionOf = (target: Ref<unknown>) => string | undefined;
