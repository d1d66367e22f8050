import { type AuditedChange, auditWrite } from '#shared/datastore/audit-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import type { Write } from '#shared/datastore/write.ts';
import type { AuditActor } from '#shared/domain/audit.ts';

/** Dependencies of account changes. */
export interface AccountsContext {
  readonly store: Pick<Store, 'get' | 'getAll' | 'query' | 'count' | 'change' | 'write'>;
  readonly clock: { nowMs(): number };
  /** Returns that many cryptographically secure random bytes. */
  readonly random: (bytes: number) => Buffer;
  /** Who makes the changes, and in which run or request, for the audit trail. */
  readonly by: { readonly actor: AuditActor; readonly requestId: string };
}

/** Returns the write of a change's audit entry, for the same commit as the change. */
export function audited({ by, clock, random }: AccountsContext, change: AuditedChange): Write {
  return auditWrite({ ...by, nowMs: () => clock.nowMs(), hex: (bytes) => random(bytes).toString('hex') }, change);
}

/** A page of a list. */
export interface ListPage<T> {
  readonly items: readonly T[];
  /** `undefined` on the last page. */
  readonly cursor: string | undefined;
}

export interface ListOptions {
  /** At most 1,000. */
  readonly limit: number;
  readonly cursor?: string;
}

/** A row; `created` is false if it existed before. */
export interface Created<T> {
  readonly row: T;
  readonly created: boolean;
}
