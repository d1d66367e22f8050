import { OPERATION } from '#shared/datastore/rows.ts';
import { insert, type Row, type Write } from '#shared/datastore/write.ts';
import { operationId, type Random } from '#shared/domain/ids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { fits, isLeaving, joinable, projectedStatus, requireRoom } from '#shared/domain/power.ts';
import type { Actor } from '#shared/domain/principal.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { enqueue } from './queue-operation.ts';

export interface OrderContext {
  readonly actor: Actor;
  readonly requestId: string;
  readonly atMs: number;
  readonly random: Random;
}

export interface Ordered {
  readonly writes: readonly Write[];
  /**
   * Messages of the operations at the head of their queue; the others are published when those before them have ended.
   */
  readonly messages: readonly OperationMessage[];
}

/**
 * Returns, for one commit, the writes of the same operation on several instances. An instance whose status the
 * operation does not fit, or whose last queued operation is the same, gets none. Throws `conflict` when an instance's
 * queue is full.
 */
export function orderOperations(
  kind: 'start' | 'stop' | 'delete',
  rows: readonly Row<Instance>[],
  { random, ...made }: OrderContext,
): Ordered {
  const writes: Write[] = [];
  const messages: OperationMessage[] = [];
  for (const row of rows.filter(({ value }) => isWanted(kind, value))) {
    if (kind !== 'delete') requireRoom(row.value);
    const operation = pendingOperation(kind, row.value, { id: operationId(made.atMs, random), ...made });
    writes.push(insert(OPERATION, operation.id, operation), ...enqueue(row, operation, made.atMs));
    if (kind === 'delete' || row.value.queue.length === 0) {
      messages.push({ operationId: operation.id, instanceId: row.id, customerId: row.value.customerId });
    }
  }
  return { writes, messages };
}

function isWanted(kind: 'start' | 'stop' | 'delete', instance: Instance): boolean {
  if (kind === 'delete') return !isLeaving(instance);
  return joinable(instance, kind) === undefined && fits(kind, projectedStatus(instance), 'strict');
}
