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

/** The record of a key's first request. While its operation holds a lease, that request is still at work. */
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
    // Only a create answers after its call to Compute Engine; any other answer is final once it is on record.
    leaseUntilMs: operation.kind === 'create' ? operation.leaseUntilMs : 0,
    expireAtMs: atMs + IDEMPOTENCY_RETENTION_MS,
  };
}

/** Puts a record on its key. An expired one that TTL has not taken yet is written over, unless it changed meanwhile. */
export function writeRecord(
  key: IdempotencyKey,
  earlier: Row<IdempotencyRecord> | undefined,
  record: IdempotencyRecord,
): Write {
  return earlier === undefined ? insert(IDEMPOTENCY, key.id, record) : replace(earlier, record);
}

/** The first answer again, and the sign that it is one. */
export function replayed(earlier: IdempotencyRecord): Reply {
  return {
    status: earlier.status,
    headers: { ...earlier.headers, 'idempotency-replayed': 'true' },
    ...(earlier.body === '' ? {} : { body: JSON.parse(earlier.body) as unknown }),
  };
}
