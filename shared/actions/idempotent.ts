import type { Reply } from '#shared/contracts/reply.ts';
import type { IdempotencyRecord } from '#shared/datastore/bookkeeping-rows.ts';
import { canSee } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import type { Principal } from '#shared/domain/principal.ts';

/** How long a key is remembered: the contract's 24 hours. */
export const IDEMPOTENCY_KEPT_MS = 86_400_000;

/**
 * Throws `unprocessable` when the key was used for another request: another body, or somebody of the same customer who does
 * not share what it was about, and must not learn of it.
 */
export function requireSameUse(
  earlier: IdempotencyRecord,
  key: IdempotencyKey,
  caller: Pick<Principal, 'groups' | 'roles'>,
): void {
  const shares = earlier.visibleBy === null || canSee(caller, earlier.visibleBy);
  if (earlier.bodyHash === key.bodyHash && shares) return;
  throw new Failure(
    'unprocessable',
    'This Idempotency-Key was used for another request. Use a new key for a new request.',
    {
      reason: 'idempotency_key_reused',
    },
  );
}

/** The first answer again, and the sign that it is one. */
export function replayed(earlier: IdempotencyRecord): Reply {
  return {
    status: earlier.status,
    headers: { ...earlier.headers, 'idempotency-replayed': 'true' },
    ...(earlier.body === '' ? {} : { body: JSON.parse(earlier.body) as unknown }),
  };
}
