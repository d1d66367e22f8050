import type { Instance } from './instance.ts';
import type { Actor } from './principal.ts';
import { SUSPENSION_ACTOR } from './suspension.ts';
import type { EventStatus } from './status.ts';
import type { Stored } from './stored-word.ts';

export const EVENT_CAUSES = ['operation', 'drift', 'cloud event', 'admin', 'suspension'] as const;
export type EventCause = (typeof EVENT_CAUSES)[number];

/** Returns the cause of an operation's changes, by the operation's actor. */
export function causeOf({ type, id }: Actor): Extract<EventCause, 'operation' | 'admin' | 'suspension'> {
  if (type === 'admin') return 'admin';
  return type === 'system' && id === SUSPENSION_ACTOR.id ? 'suspension' : 'operation';
}

/** Reason of the first event after a VM was recreated under the same name outside of this service. */
export const VM_REPLACED = 'vm_replaced';

/** Reason of the history note that a VM's machine type was changed outside of this service. */
export const MACHINE_TYPE_CHANGED = 'machine_type_changed';

/** Reason of the history note that a VM's labels were changed outside of this service. */
export const LABELS_CHANGED = 'labels_changed';

/** Reason of the history note that a VM's deletion protection was changed outside of this service. */
export const PROTECTION_CHANGED = 'protection_changed';

/** One status change or note. Events outlive their instance, so they carry its owner. */
export interface InstanceEvent {
  readonly instanceId: string;
  /** Number of the event within its instance: 1, 2, 3, … */
  readonly sequence: number;
  readonly status: Stored<EventStatus>;
  /** When the change happened, if known from the cloud, otherwise when it was observed; epoch ms. */
  readonly atMs: number;
  readonly cause: Stored<EventCause>;
  readonly actor: Actor;
  readonly operationId: string | null;
  readonly reason: string | null;
  /** True if the event records a request or a change without a status change. */
  readonly note: boolean;
  /** Kind of the operation that was completed or failed; `null` for a plain status change. */
  readonly action: string | null;
  readonly userId: string;
  readonly customerId: string;
  readonly visibleBy: readonly string[];
  readonly project: string;
  readonly bid: string | null;
  readonly reservation: string | null;
}

/** Returns the key of an event; keys sort by instance, then by sequence. */
export function eventId(instanceId: string, sequence: number): string {
  return `${instanceId}|${String(sequence).padStart(8, '0')}`;
}

/** A status change: what, when and why. */
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

/** Returns the instance's next event. The caller must write it together with the instance and increase `eventCount`. */
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
