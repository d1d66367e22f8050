import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Direction } from '#shared/domain/status-transitions.ts';
import { advanceBid } from '#shared/lifecycle/advance-bid.ts';
import { observedWrites } from '#shared/lifecycle/instance-writes.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { logObserved, observeRow, type SyncTools, type SyncTrigger } from '#shared/lifecycle/sync-instance.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** The members of a Compute Engine audit log entry that are used here. */
interface AuditEntry {
  readonly timestamp?: unknown;
  readonly protoPayload?: { readonly methodName?: unknown; readonly resourceName?: unknown };
  readonly operation?: { readonly first?: unknown; readonly last?: unknown };
}

const RESOURCE = /^projects\/[^/]+\/zones\/[^/]+\/instances\/([a-z][-a-z0-9]{0,62})$/;

/**
 * The direction in which a method moves the VM, keyed by the last part of its name (`v1.compute.instances.stop`,
 * `compute.instances.preempted`). Methods that are not listed change no VM's status.
 */
const DIRECTION: Readonly<Record<string, Direction>> = {
  insert: 'up',
  bulkInsert: 'up',
  start: 'up',
  startWithEncryptionKey: 'up',
  resume: 'up',
  automaticRestart: 'up',
  stop: 'down',
  suspend: 'down',
  preempted: 'down',
  guestTerminate: 'down',
  hostError: 'down',
  terminateOnHostMaintenance: 'down',
  delete: 'gone',
};

/** Returns the instance that an audit log entry is about; `undefined` for entries about anything else. */
export function instanceOfEntry(
  entry: unknown,
): { readonly instanceId: string; readonly trigger: SyncTrigger } | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { timestamp, protoPayload, operation } = entry as AuditEntry;
  const { methodName, resourceName } = protoPayload ?? {};
  if (typeof methodName !== 'string' || typeof resourceName !== 'string') return undefined;
  const instanceId = RESOURCE.exec(resourceName)?.[1];
  if (instanceId === undefined) return undefined;
  const verb = methodName.slice(methodName.lastIndexOf('.') + 1);
  const trigger: SyncTrigger = { cause: 'cloud event', preempted: verb === 'preempted' };
  const direction = Object.hasOwn(DIRECTION, verb) ? DIRECTION[verb] : undefined;
  const atMs = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  // An entry of another method triggers a check, but its time is not that of a status change.
  if (direction === undefined || Number.isNaN(atMs)) return { instanceId, trigger };
  // A long operation has an entry for its begin and one for its end; the entry of any other operation is its begin.
  const ends = operation?.last === true && operation.first !== true;
  return { instanceId, trigger: { ...trigger, direction, ...(ends ? { atMs } : { begunAtMs: atMs }) } };
}

/**
 * Checks an instance after an audit log entry about its VM. The entry is only a hint: the record gets the VM's present
 * state. If an operation of the instance is pending, it is published, so that its worker continues now.
 */
export async function syncFromEvent(
  entry: unknown,
  tools: SyncTools & Pick<Tools, 'publisher' | 'random'>,
): Promise<void> {
  const found = instanceOfEntry(entry);
  if (found === undefined) return;
  const { instanceId, trigger } = found;
  const row = await tools.store.get(ref(INSTANCE, instanceId));
  if (row === undefined) return continueDelete(instanceId, tools);
  const [head] = row.value.queue;
  if (head === undefined || trigger.preempted === true) await lookAt(instanceId, trigger, tools);
  if (trigger.preempted === true && row.value.bid !== null) await advanceBid(row.value.bid, tools);
  if (head !== undefined)
    await publishOperations([{ operationId: head.id, instanceId, customerId: row.value.customerId }], tools);
}

/** Publishes the delete whose caller waited: it has removed the record, and is completed once the VM is gone. */
async function continueDelete(instanceId: string, tools: Pick<Tools, 'store' | 'publisher' | 'log'>): Promise<void> {
  const orphan = await tools.store.get(ref(ORPHAN, instanceId));
  if (orphan === undefined || orphan.value.operationId === '') return;
  const { operationId, customerId } = orphan.value;
  await publishOperations([{ operationId, instanceId, customerId }], tools);
}

/**
 * Updates the record from its VM and what the entry says. The VM itself does not show that it was pre-empted, nor when its
 * change began, so a change that another process makes meanwhile does not replace this one.
 */
async function lookAt(instanceId: string, trigger: SyncTrigger, tools: SyncTools): Promise<void> {
  const { store, compute } = tools;
  await store.change(async () => {
    const row = await store.get(ref(INSTANCE, instanceId));
    if (row === undefined) return { writes: [], result: undefined };
    const machine = await compute.get({ zone: row.value.zone, name: row.id });
    const observed = await observeRow(row, machine, trigger, tools);
    if (observed === undefined) return { writes: [], result: undefined };
    return {
      writes: await observedWrites(row, observed, store),
      result: undefined,
      applied: () => logObserved(row, observed, tools),
    };
  });
}
