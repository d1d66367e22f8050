import { type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import { DEAD_LETTER, type DeadLetter } from '#shared/datastore/bookkeeping-rows.ts';
import { NEWEST_DEAD_LETTERS } from '#shared/datastore/queries.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { ref, remove, type Row } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { isFinal, type Operation } from '#shared/domain/operation.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { foreignCursor, invalidQuery } from '#shared/pagination/invalid-query.ts';
import type { ListTools } from '#shared/pagination/list-cursors.ts';
import { type RepairTools, retryAs } from './repair-operation.ts';

/** A message that Pub/Sub could not deliver, and the present state of its operation. */
export interface ShownDeadLetter {
  readonly id: string;
  readonly letter: DeadLetter;
  /** `undefined`: the message names no operation, or the operation has expired. */
  readonly operation: Operation | undefined;
}

/** Returns a page of dead letters, newest first. */
export async function listDeadLetters(
  page: { readonly limit: number; readonly cursor?: string },
  { store }: Pick<Tools, 'store'>,
): Promise<{ readonly letters: readonly ShownDeadLetter[]; readonly cursor: string | undefined }> {
  const { rows, cursor } = await store.query(NEWEST_DEAD_LETTERS, {}, page);
  return { letters: await withOperations(rows, store), cursor };
}

/**
 * Like `listDeadLetters`, with sealed cursors for API callers. Throws `invalid_request` for a cursor of another list.
 */
export async function pageDeadLetters(
  request: { readonly caller: Principal; readonly limit: number; readonly cursor: string | undefined },
  { store, cursors }: ListTools,
): ReturnType<typeof listDeadLetters> {
  const scope = { list: 'dead-letters', caller: request.caller, asked: [] };
  const place = request.cursor === undefined ? undefined : await cursors.open(request.cursor, scope);
  if (request.cursor !== undefined && place === undefined) throw invalidQuery([foreignCursor('cursor')]);
  const page = { limit: request.limit, ...(place === undefined ? {} : { cursor: place }) };
  const { letters, cursor } = await listDeadLetters(page, { store });
  return { letters, cursor: cursor === undefined ? undefined : await cursors.seal(cursor, scope) };
}

/** Throws `not_found`. */
export async function readDeadLetter(id: string, { store }: Pick<Tools, 'store'>): Promise<ShownDeadLetter> {
  const row = await store.get(ref(DEAD_LETTER, id));
  const [shown] = row === undefined ? [] : await withOperations([row], store);
  if (shown === undefined) throw notFound(id);
  return shown;
}

async function withOperations(
  rows: readonly Row<DeadLetter>[],
  store: Tools['store'],
): Promise<readonly ShownDeadLetter[]> {
  const operations = await store.getAll(
    rows.map(({ value }) => (value.operationId === '' ? undefined : ref(OPERATION, value.operationId))),
  );
  return rows.map(({ id, value }, i) => ({ id, letter: value, operation: operations[i]?.value }));
}

export interface Replayed {
  /**
   * `published`: the operation was published again. `due`: the sweep publishes it within a minute, or after the
   * operations queued before it have ended. `ended`: the operation has already ended. `no_operation`: there is nothing
   * to replay.
   */
  readonly outcome: 'published' | 'due' | 'ended' | 'no_operation';
  readonly operation: Operation | undefined;
}

const GONE: ReadonlySet<string> = new Set(['operation_ended', 'operation_not_found']);

/**
 * Publishes the operation of a dead letter again. Safe to repeat: an operation that has ended is left unchanged. Throws
 * `not_found`.
 */
export async function replayDeadLetter(id: string, auditor: Auditor, tools: RepairTools): Promise<Replayed> {
  const { operation, letter } = await readDeadLetter(id, tools);
  const change = { action: 'dead_letter.replay', object: `dead letter ${id}` } as const;
  const about = { operationId: letter.operationId, instanceId: letter.instanceId };
  if (operation !== undefined && !isFinal(operation.state)) {
    const noted = () => ({ ...change, after: { ...about, outcome: 'again' } });
    try {
      const again = await retryAs(operation.id, noted, { auditor, tools });
      return { outcome: again.published ? 'published' : 'due', operation: again.operation };
    } catch (thrown) {
      // It has ended since it was read, or is no longer kept: a second look says which.
      if (thrown instanceof Failure && GONE.has(thrown.reason)) return replayDeadLetter(id, auditor, tools);
      throw thrown;
    }
  }
  const outcome = operation === undefined ? 'no_operation' : 'ended';
  await tools.store.write([auditWrite(auditor, { ...change, after: { ...about, outcome } })]);
  return { outcome, operation };
}

/** Deletes a dead letter; its operation is left unchanged. Throws `not_found`. */
export async function discardDeadLetter(id: string, auditor: Auditor, { store }: Pick<Tools, 'store'>): Promise<void> {
  await store.change(async () => {
    const row = await store.get(ref(DEAD_LETTER, id));
    if (row === undefined) throw notFound(id);
    const { operationId, instanceId, recordedAtMs } = row.value;
    const before = { operationId, instanceId, recordedAtMs };
    const entry = auditWrite(auditor, { action: 'dead_letter.discard', object: `dead letter ${id}`, before });
    return { writes: [remove(row), entry], result: undefined };
  });
}

function notFound(id: string): Failure {
  return new Failure('not_found', `There is no dead letter ${id}.`, { reason: 'dead_letter_not_found' });
}
