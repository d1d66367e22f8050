import type { OperationListRequest } from '#shared/actions/list-operations.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { invalidQuery } from '#shared/pagination/invalid-query.ts';
import { presentOperation } from './present.ts';

/** The query of a list of operations, after validation by its contract. */
export interface OperationListQuery {
  readonly instance?: string;
  readonly customerID?: string;
  readonly userID?: string;
  readonly state?: string;
  readonly kind?: string;
  readonly reason?: string;
  readonly since?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** Converts the query to a list request. Throws `invalid_request` for a time that does not exist. */
export function toOperationList(query: OperationListQuery): Omit<OperationListRequest, 'list' | 'caller'> {
  const { instance: instanceId, customerID: customerId, userID: userId, state, kind, reason, since } = query;
  return {
    filters: {
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(customerId === undefined ? {} : { customerId }),
      ...(userId === undefined ? {} : { userId }),
      ...(state === undefined ? {} : { state }),
      ...(kind === undefined ? {} : { kind }),
      ...(reason === undefined ? {} : { reason }),
    },
    sinceMs: since === undefined ? undefined : timeOf(since),
    limit: query.limit,
    cursor: query.cursor,
    cursorName: 'cursor',
  };
}

/** Parses a time. The contract has validated its format only; a day such as 31 February is detected here. */
function timeOf(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw invalidQuery([{ pointer: '/since', message: 'is not a time that exists', rule: 'format' }]);
  return ms;
}

/** Returns an operation in the form that administrators see. */
export function presentAdminOperation(operation: Operation) {
  return {
    ...presentOperation(operation),
    customerId: operation.customerId,
    userId: operation.actor.id,
    requestId: operation.requestId,
  };
}
