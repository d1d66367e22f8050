import type { Reply } from '#shared/contracts/reply.ts';
import { IDEMPOTENCY, type IdempotencyRecord } from '#shared/datastore/bookkeeping-rows.ts';
import { IDEMPOTENCY_RETENTION_MS } from '#shared/datastore/retention.ts';
import { insert, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { canSee } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Principal } from '#shared/domain/principal.ts';

/**
 * Throws `unprocessable` when the key was used for another request: one with another body, or one by a caller whose
 * instances this caller may not see, so replaying the response would reveal them.
 */
export function requireSameUse(
  earlier: IdempotencyRecord,
  key: IdempotencyKey,
  caller: Pick<Principal, 'customerId' | 'groups' | 'roles'>,
): void {
  const { customerId, visibleBy } = earlier;
  // A record without groups is shared by all users of the customer.
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

/**
 * Returns the idempotency record for a key's first request. While the record is leased, that request is still running.
 */
export function recordOf(
  key: IdempotencyKey,
  { reply, operation, atMs }: { readonly reply: Reply; readonly operation: Operation; readonly atMs: number },
): IdempotencyRecord {
  return {
    bodyHash: key.bodyHash,
    operationId: operation.id,
    instanceId: operation.instanceId,
    customerId: operation.customerId,
    visibleBy: operation.visibleBy,
    status: reply.status,
    headers: reply.headers ?? {},
    body: reply.body === undefined ? '' : JSON.stringify(reply.body),
    // Only a create responds after its call to Compute Engine. Any other response is final as soon as it is stored.
    leaseUntilMs: operation.kind === 'create' ? operation.leaseUntilMs : 0,
    expireAtMs: atMs + IDEMPOTENCY_RETENTION_MS,
  };
}

/**
 * Returns the write of a record. It replaces an expired record that Datastore's TTL has not deleted yet; the commit
 * fails if that one has changed meanwhile.
 */
export function writeRecord(
  key: IdempotencyKey,
  earlier: Row<IdempotencyRecord> | undefined,
  record: IdempotencyRecord,
): Write {
  return earlier === undefined ? insert(IDEMPOTENCY, key.id, record) : replace(earlier, record);
}

/** Returns the stored response, with the header that marks it as a replay. */
export function replayed(earlier: IdempotencyRecord): Reply {
  return {
    status: earlier.status,
    headers: { ...earlier.headers, 'idempotency-replayed': 'true' },
    ...(earlier.body === '' ? {} : { body: JSON.parse(earlier.body) as unknown }),
  };
}
