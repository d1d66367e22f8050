import { nextEvent } from './history.ts';
import { editedParts } from './instance-edit.ts';
import type { OperationKind } from './instance.ts';
import { eventsOf, type Observed } from './observe.ts';
import type { Operation } from './operation.ts';
import { isLeaving } from './power.ts';

/** Operations whose success changes no status: after a reset, for example, the VM is running as before. */
const INVISIBLE: ReadonlySet<string> = new Set<OperationKind>(['reset', 'restart', 'update', 'resize']);

/** Returns why the operation failed, or what an edit has changed. */
function reasonOf({ error, edit }: Operation): { readonly reason?: string } {
  if (error !== null) return { reason: error.reason };
  return edit === null ? {} : { reason: editedParts(edit) };
}

/**
 * Returns the instance at the end of an operation. If no status change shows the outcome (a reset, or an operation that
 * failed), adds an event, because the history would otherwise not show it.
 */
export function withOperationNote(observed: Observed, operation: Operation, nowMs: number): Observed {
  const { instance } = observed;
  const { error, actor, id, kind } = operation;
  // The accepted delete has its own event.
  if (isLeaving(instance)) return observed;
  const isOnRecord = eventsOf(observed).some((event) => event.operationId === id && event.reason === error?.reason);
  const silent = error === null ? INVISIBLE.has(kind) : !isOnRecord;
  if (!silent) return observed;
  const done = nextEvent(instance, {
    status: instance.status,
    atMs: Math.max(nowMs, instance.statusSinceMs),
    cause: actor.type === 'admin' ? 'admin' : 'operation',
    actor,
    operationId: id,
    ...reasonOf(operation),
    note: true,
    action: kind,
  });
  const notes = [...(observed.notes ?? []), done];
  return { ...observed, instance: { ...instance, eventCount: done.sequence }, notes };
}
