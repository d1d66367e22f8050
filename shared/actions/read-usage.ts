import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { windowAt } from '#shared/domain/rate-limit.ts';
import { LIMITED_OPERATIONS, type LimitedOperation } from '#shared/domain/tier.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { rateCounterRef } from './rate-limiter.ts';

/** Instances that count against the quota of the caller's customer: the row that creates reserve from. */
export async function readQuotaUsage(
  { caller }: { readonly caller: Pick<Principal, 'customerId'> },
  { store }: Pick<Tools, 'store'>,
): Promise<number> {
  const usage = await store.get(ref(USAGE, caller.customerId));
  return usage?.value.instances ?? 0;
}

export interface TokensUsed {
  readonly used: Readonly<Record<LimitedOperation, number>>;
  /** When counting begins anew, epoch ms. */
  readonly resetAtMs: number;
}

/** Requests counted in the running minute, read from the rate-limit counters. */
export async function readTokensUsed(
  { caller }: { readonly caller: Pick<Principal, 'customerId'> },
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<TokensUsed> {
  const window = windowAt(nowMs());
  const rows = await store.getAll(
    LIMITED_OPERATIONS.map((operation) => rateCounterRef(caller.customerId, operation, window.index)),
  );
  // There is no counter before the first request of a minute.
  const used = Object.fromEntries(LIMITED_OPERATIONS.map((operation, i) => [operation, rows[i]?.value.count ?? 0]));
  return { used: used as Record<LimitedOperation, number>, resetAtMs: window.endsAtMs };
}
