import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { syncRow, type SyncTools, type SyncTrigger } from '#shared/lifecycle/sync-instance.ts';

/** What is used of a log entry of Compute Engine's audit logs. */
interface AuditEntry {
  readonly timestamp?: unknown;
  readonly protoPayload?: { readonly methodName?: unknown; readonly resourceName?: unknown };
}

const RESOURCE = /^projects\/[^/]+\/zones\/[^/]+\/instances\/([a-z][-a-z0-9]{0,62})$/;

/** A spot VM that was taken away. */
const PREEMPTED = 'compute.instances.preempted';

/** The instance that an audit log entry speaks of; `undefined` for anything else. */
export function instanceOfEntry(
  entry: unknown,
): { readonly instanceId: string; readonly trigger: SyncTrigger } | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { timestamp, protoPayload } = entry as AuditEntry;
  const { methodName, resourceName } = protoPayload ?? {};
  if (typeof methodName !== 'string' || typeof resourceName !== 'string') return undefined;
  const instanceId = RESOURCE.exec(resourceName)?.[1];
  if (instanceId === undefined) return undefined;
  const atMs = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return {
    instanceId,
    trigger: {
      cause: 'cloud event',
      preempted: methodName.endsWith(PREEMPTED),
      ...(Number.isNaN(atMs) ? {} : { atMs }),
    },
  };
}

/**
 * Looks at an instance because the audit log says that something happened to its VM. The entry is only a hint: what is put
 * on record is what the VM shows now. While an operation of ours is at work, its worker sees all of it himself.
 */
export async function syncFromEvent(entry: unknown, tools: SyncTools): Promise<void> {
  const found = instanceOfEntry(entry);
  if (found === undefined) return;
  const row = await tools.store.get(ref(INSTANCE, found.instanceId));
  if (row === undefined) return;
  if (row.value.queue.length > 0 && found.trigger.preempted !== true) return;
  const machine = await tools.compute.get({ zone: row.value.zone, name: row.id });
  await syncRow(row, machine, found.trigger, tools);
}
