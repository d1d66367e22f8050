import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { windowAt } from '#shared/domain/rate-limit.ts';
import { LIMITED_OPERATIONS, type LimitedOperation } from '#shared/domain/tier.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { rateCounterRef } from './rate-limiter.ts';

/** Returns the number of instances that count against the customer's quota, from the row that creates reserve from. */
export async function readQuotaUsage(
  { caller }: { readonly caller: Pick<Principal, 'customerId'> },
  { store }: Pick<Tools, 'store'>,
): Promise<number> {
  const usage = await store.get(ref(USAGE, caller.customerId));
  return usage?.value.instances ?? 0;
}

export interface TokensUsed {
  readonly used: Readonly<Record<LimitedOperation, number>>;
  /** When the counters start again at 0, epoch ms. */
  readonly resetAtMs: number;
}

/** Reads the requests counted in the present minute from the rate-limit counters. */
export async function readTokensUsed(
  { caller }: { readonly caller: Pick<Principal, 'customerId'> },
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<TokensUsed> {
  const window = windowAt(nowMs());
  const rows = await store.getAll(
    LIMITED_OPERATIONS.map((operation) => rateCounterRef(caller.customerId, operation, window.index)),
  );
  // A counter is created by the first request of its minute, so a missing one counts 0.
  const used = Object.fromEntries(LIMITED_OPERATIONS.map((operation, i) => [operation, rows[i]?.value.count ?? 0]));
  return { used: used as Record<LimitedOperation, number>, resetAtMs: window.endsAtMs };
}
