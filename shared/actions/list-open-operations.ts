import { time } from '#shared/datastore/field.ts';
import { listedOperations, OPEN_OPERATIONS } from '#shared/datastore/queries.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { isLeased } from '#shared/domain/lease.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export const OPERATION_LISTS = ['open', 'stuck', 'failed'] as const;
export type OperationList = (typeof OPERATION_LISTS)[number];

/**
 * An open operation that is older than this and held by no worker is considered stuck: the sweep, which runs each
 * minute, should have finished it.
 */
export const STUCK_MS = 5 * 60_000;

const FAILED = listedOperations(new Set(['state']));

export interface OperationPage {
  readonly operations: readonly Operation[];
  readonly cursor: string | undefined;
}

/**
 * Lists one page of the operations of all customers. `open`: not ended, oldest first. `stuck`: open ones that are older
 * than `STUCK_MS` and held by no worker; such a page may be short. `failed`: failed ones, newest first.
 */
export async function listOperations(
  which: OperationList,
  page: { readonly limit: number; readonly cursor?: string },
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<OperationPage> {
  const now = nowMs();
  const { rows, cursor } =
    which === 'failed'
      ? await store.query(FAILED, { state: { stringValue: 'failed' } }, page)
      : await store.query(OPEN_OPERATIONS, { openSince: time.encode(now) }, page);
  const operations = rows.map(({ value }) => value);
  return { operations: which === 'stuck' ? operations.filter((one) => isStuck(one, now)) : operations, cursor };
}

export function isStuck(operation: Operation, nowMs: number): boolean {
  return nowMs - operation.createdAtMs > STUCK_MS && !isLeased(operation, nowMs);
}

/** Throws `not_found`. */
export async function readAnyOperation(id: string, { store }: Pick<Tools, 'store'>): Promise<Operation> {
  const row = await store.get(ref(OPERATION, id));
  if (row === undefined) {
    throw new Failure('not_found', `There is no operation ${id}.`, { reason: 'operation_not_found' });
  }
  return row.value;
}
