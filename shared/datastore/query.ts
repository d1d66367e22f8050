import type { Kind } from './kind.ts';

export type Direction = 'asc' | 'desc';

/**
 * The form of a query, without its values. All queries are defined as shapes in `queries.ts`, so that a test can prove
 * that each of them is served by an index, even if no other test runs it.
 */
export interface Shape<T = unknown> {
  readonly kind: Kind<T>;
  /** Properties compared with `=`. */
  readonly equal: readonly string[];
  /** Property compared with `<=`; it must then be the first of `order`. */
  readonly atMost?: string;
  /** Text property that `Page.range` bounds, or `__key__` for ids; it must then be the first of `order`. */
  readonly range?: string;
  readonly order: readonly { readonly property: string; readonly direction: Direction }[];
}

/** Bounds of a text property; absent ones do not limit. */
export interface Range {
  readonly atLeast?: string;
  readonly above?: string;
  readonly below?: string;
}

export interface Page {
  /** Maximum number of rows to return. */
  readonly limit: number;
  /** End of an earlier page. */
  readonly cursor?: string;
  /** Rows to skip after the cursor; the store skips them without reading them. */
  readonly offset?: number;
  /** Bounds for shapes with a `range`. Rows with null in that property are never found. */
  readonly range?: Range;
}

/** A composite index, as `infra/generated/functions.json` and Terraform list it. */
export interface CompositeIndex {
  readonly kind: string;
  readonly properties: readonly { readonly name: string; readonly direction: Direction }[];
}
