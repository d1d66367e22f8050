import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { insert, ref, type Row, signed, type Write } from '#shared/datastore/write.ts';
import { canSee, instanceNotFound } from '#shared/domain/access.ts';
import { nextEvent } from '#shared/domain/history.ts';
import { operationId } from '#shared/domain/ids.ts';
import type { InstanceEdit } from '#shared/domain/instance-edit.ts';
import { requireMatch } from '#shared/domain/instance-tag.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { type Operation, pendingOperation, queueEntry } from '#shared/domain/operation.ts';
import { requirePossible } from '#shared/domain/power.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
import { stillWrites } from '#shared/lifecycle/instance-writes.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { enqueue } from '#shared/lifecycle/queue-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface EditRequest {
  readonly instanceId: string;
  readonly caller: Principal;
  readonly actor: Actor;
  readonly requestId: string;
  /** The request's If-Match header; `undefined`: the edit applies to any version of the instance. */
  readonly ifMatch: string | undefined;
  /** The new display name; `undefined` leaves it unchanged. */
  readonly displayName: string | undefined;
  /** Returns the requested changes to the VM. Throws if the request is not possible for this instance. */
  readonly edit: (instance: Instance) => Promise<InstanceEdit>;
}

export interface EditAnswer {
  readonly instance: Instance;
  /** The operation that changes the VM; `undefined` when only the record had to change. */
  readonly operation: Operation | undefined;
}

/**
 * Edits an instance. The display name exists only on the record and changes at once. Changes to the VM are queued as an
 * operation; the record shows them once the VM was observed to have them. Deletion protection takes effect at once,
 * before the VM has it.
 */
export async function editInstance(
  request: EditRequest,
  tools: Pick<Tools, 'store' | 'publisher' | 'log' | 'nowMs' | 'random'>,
): Promise<EditAnswer> {
  const { store, nowMs, random } = tools;
  const id = operationId(nowMs(), random);
  const { isFirst, ...answer } = await store.change<EditAnswer & { readonly isFirst: boolean }>(async () => {
    const row = await store.get(ref(INSTANCE, request.instanceId));
    if (row === undefined || !canSee(request.caller, row.value)) throw instanceNotFound();
    requireMatch(request.ifMatch, row.value);
    const edit = needed(await request.edit(row.value), row.value);
    const kind = edit?.machineType === undefined ? 'update' : 'resize';
    requirePossible({ kind, strictness: 'lenient' }, row.value);
    const atMs = nowMs();
    const named = withName(row.value, request.displayName);
    if (edit === undefined) {
      const writes = named === row.value ? [] : noteName(row, named, { request, atMs, id });
      return { writes, result: { instance: named, operation: undefined, isFirst: false } };
    }
    const { actor, requestId } = request;
    const operation = pendingOperation(kind, row.value, { id, actor, requestId, atMs, edit });
    const instance: Instance = {
      ...named,
      deletionProtection: edit.deletionProtection === true || named.deletionProtection,
      queue: [...named.queue, queueEntry(operation)],
    };
    const writes: Write[] = [
      insert(OPERATION, id, operation),
      ...enqueue(row, operation, atMs, { ...instance, queue: named.queue }),
    ];
    return { writes, result: { instance, operation, isFirst: row.value.queue.length === 0 } };
  });
  if (isFirst && answer.operation !== undefined) {
    const { id: operationOfIt, instanceId, customerId } = answer.operation;
    await publishOperations([{ operationId: operationOfIt, instanceId, customerId }], tools);
  }
  return answer;
}

/**
 * Removes what the instance already has from the edit; returns `undefined` when nothing is left. While another edit is
 * queued, the final values are unknown, so nothing is removed.
 */
function needed(edit: InstanceEdit, instance: Instance): InstanceEdit | undefined {
  const waits = instance.queue.some(({ kind }) => kind === 'update' || kind === 'resize');
  const { machine, deletionProtection } = instance;
  const differs = (before: Readonly<Record<string, string>>, [name, value]: readonly [string, string | null]) =>
    waits || (before[name] ?? null) !== value;
  const labels = Object.entries(edit.labels ?? {}).filter((entry) => differs(machine.labels, entry));
  const metadata = Object.entries(edit.metadata ?? {}).filter((entry) => differs(machine.metadata, entry));
  const protection = edit.deletionProtection;
  const type = edit.machineType;
  const left: InstanceEdit = {
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
    ...(metadata.length === 0 ? {} : { metadata: Object.fromEntries(metadata) }),
    ...(protection === undefined || (!waits && protection === deletionProtection)
      ? {}
      : { deletionProtection: protection }),
    ...(type === undefined || (!waits && type === machine.machineType) ? {} : { machineType: type }),
  };
  if (Object.keys(left).length === 0) return undefined;
  return {
    ...left,
    ...(edit.login === undefined ? {} : { login: edit.login }),
    ...(edit.spec === undefined ? {} : { spec: edit.spec }),
  };
}

function withName(instance: Instance, displayName: string | undefined): Instance {
  return displayName === undefined || displayName === instance.displayName ? instance : { ...instance, displayName };
}

function noteName(
  row: Row<Instance>,
  instance: Instance,
  { request, atMs, id }: { readonly request: EditRequest; readonly atMs: number; readonly id: string },
): readonly Write[] {
  const event = nextEvent(instance, {
    status: instance.status,
    atMs,
    cause: request.actor.type === 'admin' ? 'admin' : 'operation',
    actor: request.actor,
    operationId: null,
    reason: 'display_name',
    note: true,
    action: 'update',
  });
  // Two editors at one moment would write the same event about different names.
  const writes = stillWrites(row, { ...instance, eventCount: event.sequence }, event);
  return writes.map((write) => signed(write, id));
}
