import { replace, type Row, type Write } from '#shared/datastore/write.ts';
import { causeOf, nextEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { stillWrites } from './instance-writes.ts';

/**
 * The instance, changed or not, with an event that says which administrator asked for what. The status is the one it has:
 * a reset changes none, an operation may fail, and the first look at the VM puts its changes on record.
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

/** The instance, changed or not, with the operation in its queue. A delete shows at once, in status and history, and so does an administrator. */
export function enqueue(
  row: Row<Instance>,
  operation: Operation,
  atMs: number,
  instance: Instance = row.value,
): readonly Write[] {
  const queued = { id: operation.id, kind: operation.kind };
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
  // On its way out the VM is charged until it is gone, so no price period follows this.
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
