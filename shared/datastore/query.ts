import type { Kind } from './kind.ts';

export type Direction = 'asc' | 'desc';

/**
 * The form of a query, without its values. All queries are written down as shapes, in `queries.ts`, so that a test can
 * prove that every one of them is served by an index, also those that no suite happens to run.
 */
export interface Shape<T = unknown> {
  readonly kind: Kind<T>;
  /** Properties compared with `=`. */
  readonly equal: readonly string[];
  /** Property compared with `<=`; it must then be the first of `order`. */
  readonly atMost?: string;
  /** Text property that `Page.range` bounds; it must then be the first of `order`. */
  readonly range?: string;
  readonly order: readonly { readonly property: string; readonly direction: Direction }[];
}

/** Bounds of a text property; those that are absent let everything through. */
export interface Range {
  readonly atLeast?: string;
  readonly above?: string;
  readonly below?: string;
}

export interface Page {
  /** Most rows to answer. */
  readonly limit: number;
  /** Where an earlier page ended. */
  readonly cursor?: string;
  /** Rows to skip after the cursor; the store skips them without reading them. */
  readonly offset?: number;
  /** For shapes with a `range`. Rows that have null there are never found. */
  readonly range?: Range;
}

/** A composite index, as `infra/generated/functions.json` and Terraform list it. */
export interface CompositeIndex {
  readonly kind: string;
  readonly properties: readonly { readonly name: string; readonly direction: Direction }[];
}
