import type { Instance } from './instance.ts';
import type { Actor } from './principal.ts';
import { SUSPENSION_ACTOR } from './suspension.ts';
import type { EventStatus } from './status.ts';
import type { Stored } from './stored-word.ts';

export const EVENT_CAUSES = ['operation', 'drift', 'cloud event', 'admin', 'suspension'] as const;
export type EventCause = (typeof EVENT_CAUSES)[number];

/** Through what an operation's change came about, by who asked for it. */
export function causeOf({ type, id }: Actor): Extract<EventCause, 'operation' | 'admin' | 'suspension'> {
  if (type === 'admin') return 'admin';
  return type === 'system' && id === SUSPENSION_ACTOR.id ? 'suspension' : 'operation';
}

/** Reason of the first event of a VM that was made anew, outside of this service, under the name of an instance. */
export const VM_REPLACED = 'vm_replaced';

/** Reason of the note that the machine type of a VM was changed outside of this service. */
export const MACHINE_TYPE_CHANGED = 'machine_type_changed';

/** Reason of the note that the labels of a VM were changed outside of this service. */
export const LABELS_CHANGED = 'labels_changed';

/** Reason of the note that the deletion protection of a VM was switched outside of this service. */
export const PROTECTION_CHANGED = 'protection_changed';

/** One change of status. Outlives its instance, so it carries what is needed to say who may read it. */
export interface InstanceEvent {
  readonly instanceId: string;
  /** 1, 2, 3, … per instance. */
  readonly sequence: number;
  readonly status: Stored<EventStatus>;
  /** When it happened in the cloud, as far as the cloud said; epoch ms. */
  readonly atMs: number;
  readonly cause: Stored<EventCause>;
  readonly actor: Actor;
  readonly operationId: string | null;
  readonly reason: string | null;
  /** Says who asked for what; the status did not change. */
  readonly note: boolean;
  /** Kind of the operation that was done, or that failed; `null` for a change of status that says enough. */
  readonly action: string | null;
  readonly userId: string;
  readonly customerId: string;
  readonly visibleBy: readonly string[];
  readonly project: string;
  readonly bid: string | null;
  readonly reservation: string | null;
}

/** Key of an event: sorts by instance, then by sequence. */
export function eventId(instanceId: string, sequence: number): string {
  return `${instanceId}|${String(sequence).padStart(8, '0')}`;
}

/** Why and when a status changes. */
export interface StatusChange {
  readonly status: Stored<EventStatus>;
  readonly atMs: number;
  readonly cause: EventCause;
  readonly actor: Actor;
  readonly operationId: string | null;
  readonly reason?: string;
  readonly note?: boolean;
  readonly action?: string;
}

/** The next event of an instance. The caller writes it with the instance, whose `eventCount` grows by one. */
export function nextEvent(instance: Instance, change: StatusChange): InstanceEvent {
  return {
    instanceId: instance.id,
    sequence: instance.eventCount + 1,
    status: change.status,
    atMs: change.atMs,
    cause: change.cause,
    actor: change.actor,
    operationId: change.operationId,
    reason: change.reason ?? null,
    note: change.note ?? false,
    action: change.action ?? null,
    userId: instance.userId,
    customerId: instance.customerId,
    visibleBy: instance.visibleBy,
    project: instance.project,
    bid: instance.bid,
    reservation: instance.reservation,
  };
}
