import { replace, type Row, type Write } from '#shared/datastore/write.ts';
import { causeOf, nextEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { type Operation, queueEntry } from '#shared/domain/operation.ts';
import { stillWrites } from './instance-writes.ts';

/**
 * Returns the writes of an instance (changed or not) and of a note that records which administrator requested which
 * operation. The note repeats the present status: the operation may fail, and status changes are recorded when they are
 * observed.
 */
export function noteAdmin(
  row: Row<Instance>,
  instance: Instance,
  { id, kind, actor, atMs }: Pick<Operation, 'id' | 'kind' | 'actor'> & { readonly atMs: number },
): readonly Write[] {
  const event = nextEvent(instance, {
    status: instance.status,
    atMs,
    cause: 'admin',
    actor,
    operationId: id,
    note: true,
    action: kind,
  });
  return stillWrites(row, { ...instance, eventCount: event.sequence }, event);
}

/**
 * Returns the writes of an instance (changed or not) with an operation added to its queue. A delete changes the status
 * at once, with an event; an administrator's operation adds a note.
 */
export function enqueue(
  row: Row<Instance>,
  operation: Operation,
  atMs: number,
  instance: Instance = row.value,
): readonly Write[] {
  const queued = queueEntry(operation);
  if (operation.kind !== 'delete') {
    const longer: Instance = { ...instance, queue: [...instance.queue, queued] };
    if (operation.actor.type !== 'admin') return [replace(row, longer)];
    return noteAdmin(row, longer, { ...operation, atMs });
  }
  const event = nextEvent(instance, {
    status: 'DELETING',
    atMs,
    cause: causeOf(operation.actor),
    actor: operation.actor,
    operationId: operation.id,
  });
  // A VM that is being deleted is charged until it is gone, so this event changes no price period.
  return stillWrites(
    row,
    {
      ...instance,
      status: 'DELETING',
      statusReason: null,
      statusSinceMs: atMs,
      queue: [queued, ...instance.queue],
      eventCount: event.sequence,
      checkAtMs: null,
    },
    event,
  );
}
