import { type AuditedChange, auditWrite } from '#shared/datastore/audit-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import type { Write } from '#shared/datastore/write.ts';
import type { AuditActor } from '#shared/domain/audit.ts';

/** What account changes need from outside. */
export interface AccountsContext {
  readonly store: Pick<Store, 'get' | 'getAll' | 'query' | 'count' | 'change' | 'write'>;
  readonly clock: { nowMs(): number };
  /** That many random bytes, good enough for secrets. */
  readonly random: (bytes: number) => Buffer;
  /** Who makes the changes, and in which run or request: what the audit trail says. */
  readonly by: { readonly actor: AuditActor; readonly requestId: string };
}

/** The audit trail's entry of a change, for the commit of the change. */
export function audited({ by, clock, random }: AccountsContext, change: AuditedChange): Write {
  return auditWrite({ ...by, nowMs: () => clock.nowMs(), hex: (bytes) => random(bytes).toString('hex') }, change);
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
