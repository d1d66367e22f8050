import { OPERATION } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { canSee } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import { isFinal, type Operation } from '#shared/domain/operation.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface OperationReadRequest {
  readonly operationId: string;
  readonly caller: Principal;
  /** Maximum time to hold the response until the operation has ended; 0 responds at once. */
  readonly waitSeconds: number;
}

/**
 * Polling slows down from the first interval to the maximum: most operations end within seconds, and each poll costs a
 * read.
 */
const FIRST_LOOK_MS = 150;
const LOOKS_APART_MS_MAX = 1_000;

/** Reads one operation; with `waitSeconds`, polls until the operation has ended or the time is over. */
export async function readOperation(
  request: OperationReadRequest,
  { store, nowMs, sleep }: Pick<Tools, 'store' | 'nowMs' | 'sleep'>,
): Promise<Operation> {
  const untilMs = nowMs() + request.waitSeconds * 1000;
  let pauseMs = FIRST_LOOK_MS;
  for (;;) {
    const row = await store.get(ref(OPERATION, request.operationId));
    if (row === undefined || !canSee(request.caller, row.value)) {
      throw new Failure('not_found', 'Operation not found.', { reason: 'operation_not_found' });
    }
    const leftMs = untilMs - nowMs();
    if (isFinal(row.value.state) || leftMs <= 0) return row.value;
    await sleep(Math.min(pauseMs, leftMs));
    pauseMs = Math.min(pauseMs * 1.5, LOOKS_APART_MS_MAX);
  }
}
