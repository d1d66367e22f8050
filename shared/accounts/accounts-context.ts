import type { Store } from '#shared/datastore/store.ts';

/** What account changes need from outside. */
export interface AccountsContext {
  readonly store: Pick<Store, 'get' | 'getAll' | 'query' | 'count' | 'change' | 'write'>;
  readonly clock: { nowMs(): number };
  /** That many random bytes, good enough for secrets. */
  readonly random: (bytes: number) => Buffer;
}

/** Part of a list, and where it goes on. */
export interface ListPage<T> {
  readonly items: readonly T[];
  /** `undefined`: this was the end. */
  readonly cursor: string | undefined;
}

export interface ListOptions {
  /** At most 1,000. */
  readonly limit: number;
  readonly cursor?: string;
}

/** A row, and whether it was this call that made it. */
export interface Created<T> {
  readonly row: T;
  readonly created: boolean;
}
