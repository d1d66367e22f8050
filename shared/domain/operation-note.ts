import { nextEvent } from './history.ts';
import { editedParts } from './instance-edit.ts';
import type { OperationKind } from './instance.ts';
import { eventsOf, type Observed } from './observe.ts';
import type { Operation } from './operation.ts';
import { isLeaving } from './power.ts';

/** Operations whose success shows in no status: a VM that was reset runs, as it did before. */
const INVISIBLE: ReadonlySet<string> = new Set<OperationKind>(['reset', 'restart', 'update', 'resize']);

/** Why it failed, or what an edit has changed. */
function reasonOf({ error, edit }: Operation): { readonly reason?: string } {
  if (error !== null) return { reason: error.reason };
  return edit === null ? {} : { reason: editedParts(edit) };
}

/**
 * The instance at the end of an operation, with an event where no change of status says what was done: a reset, or an
 * operation that failed. A history without it would show nothing between the request and the next change.
 */
export function withOperationNote(observed: Observed, operation: Operation, nowMs: number): Observed {
  const { instance } = observed;
  const { error, actor, id, kind } = operation;
  // The delete that was accepted says it all.
  if (isLeaving(instance)) return observed;
  const told = eventsOf(observed).some((event) => event.operationId === id && event.reason === error?.reason);
  const silent = error === null ? INVISIBLE.has(kind) : !told;
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
