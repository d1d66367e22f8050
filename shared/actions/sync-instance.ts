import { eventId, type EventCause } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { statusFromCloud } from '#shared/domain/instance.ts';
import { observe, observeMissing, type Observed, type ObservationContext } from '#shared/domain/observe.ts';
import type { Actor } from '#shared/domain/principal.ts';
import { EVENT, INSTANCE } from '#shared/datastore/rows.ts';
import { Conflict, insert, ref, replace, type Row, type Write } from '#shared/datastore/store.ts';
import type { Machine } from '#shared/gce/compute.ts';
import type { Tools } from './tools.ts';

const SYSTEM: Actor = { type: 'system', id: 'reconciler' };

/** What made us look. */
export interface Occasion {
  /** What a change is put down to when no operation of ours explains it. */
  readonly cause: Extract<EventCause, 'drift' | 'cloud event'>;
  /** The event was a pre-emption. */
  readonly preempted?: boolean;
  /** When it happened, where the occasion knows; epoch ms. */
  readonly atMs?: number;
}

/** The writes that bring a record up to what was observed. */
export function writesOf(row: Row<Instance>, { instance, event }: Observed): readonly Write[] {
  const writes: Write[] = [replace(row, instance)];
  if (event !== undefined) writes.push(insert(EVENT, eventId(instance.id, event.sequence), event));
  return writes;
}

/** How the record of an instance compares with its VM; `undefined` when it needs no change, or is not ours to change now. */
export function compare(
  instance: Instance,
  machine: Machine | undefined,
  occasion: Occasion,
  nowMs: number,
): Observed | undefined {
  // A delete has the last word on status and record.
  if (instance.status === 'DELETING') return undefined;
  const [head] = instance.queue;
  const operation = head === undefined ? undefined : head.id;
  const context: ObservationContext = {
    nowMs,
    atMs: occasion.atMs ?? changedAtMs(machine, nowMs),
    // A pre-emption is nobody's operation, even when one is waiting.
    cause: operation === undefined || occasion.preempted === true ? occasion.cause : 'operation',
    actor: SYSTEM,
    operationId: operation ?? null,
    preempted: occasion.preempted ?? false,
  };
  if (machine !== undefined) return observe(instance, machine, context);
  // Its insert may still be on its way; the worker decides that.
  if (instance.queue.some(({ kind }) => kind === 'create')) return undefined;
  return observeMissing(instance, context);
}

/** When a VM came to be as it is, as far as it says so itself. */
function changedAtMs(machine: Machine | undefined, nowMs: number): number {
  if (machine === undefined) return nowMs;
  const status = statusFromCloud(machine.status);
  if (status === 'TERMINATED' || status === 'STOPPED') return machine.lastStopAtMs ?? nowMs;
  return nowMs;
}

/**
 * Brings one record up to its VM. Answers the instance as it is now; a record that somebody else changed meanwhile is left
 * to him, because he has seen something newer.
 */
export async function syncRow(
  row: Row<Instance>,
  machine: Machine | undefined,
  occasion: Occasion,
  { store, nowMs, log }: Pick<Tools, 'store' | 'nowMs' | 'log'>,
): Promise<Instance> {
  const observed = compare(row.value, machine, occasion, nowMs());
  if (machine !== undefined && statusFromCloud(machine.status) === undefined) {
    log.warn('Compute Engine shows a status that is not known', { instanceId: row.id, status: machine.status });
  }
  if (observed === undefined) return { ...row.value, statusSyncedAtMs: nowMs() };
  try {
    await store.commitOnce(writesOf(row, observed));
  } catch (thrown) {
    if (!(thrown instanceof Conflict)) throw thrown;
  }
  if (observed.event !== undefined && observed.event.cause !== 'operation') {
    log.info('the cloud changed an instance', {
      instanceId: row.id,
      from: row.value.status,
      to: observed.instance.status,
      cause: observed.event.cause,
    });
  }
  return observed.instance;
}

/** Looks at one instance and its VM. Answers false when there is no such instance. */
export async function syncInstance(
  instanceId: string,
  occasion: Occasion,
  tools: Pick<Tools, 'store' | 'compute' | 'nowMs' | 'log'>,
): Promise<boolean> {
  const row = await tools.store.get(ref(INSTANCE, instanceId));
  if (row === undefined) return false;
  const machine = await tools.compute.get({ zone: row.value.zone, name: row.id });
  await syncRow(row, machine, occasion, tools);
  return true;
}
