import type { Reply } from '#shared/contracts/reply.ts';
import type { IdempotencyRecord } from '#shared/datastore/bookkeeping-rows.ts';
import { canSee } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import type { Principal } from '#shared/domain/principal.ts';

/** How long a key is remembered: the contract's 24 hours. */
export const IDEMPOTENCY_KEPT_MS = 86_400_000;

/**
 * Throws `unprocessable` when the key was used for another request: with another body, or by a caller who could see what
 * this caller cannot, and must not learn of.
 */
export function requireSameUse(
  earlier: IdempotencyRecord,
  key: IdempotencyKey,
  caller: Pick<Principal, 'customerId' | 'groups' | 'roles'>,
): void {
  const { customerId, visibleBy } = earlier;
  // Without groups on the record, all users of the customer share it.
  const shares = canSee(caller, { customerId, visibleBy: visibleBy ?? caller.groups });
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
