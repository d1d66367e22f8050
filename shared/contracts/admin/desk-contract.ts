import { Type } from 'typebox';
import type { FailureReason } from '#shared/domain/reasons.ts';
import { CHANGE_FAILURES } from '../common/common-failures.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';

/** Common members of the contracts of the operators' desk (operations, dead letters, customers). */
export const DESK = {
  family: 'compute',
  tag: 'Administration',
  role: 'compute_admin',
  limit: null,
  idempotent: false,
} as const;

/** Failures that every change of the desk can return, in addition to its own. */
export const DESK_CHANGE_FAILURES = [...ADMIN_FAILURES, ...CHANGE_FAILURES] as const satisfies readonly FailureReason[];

const idParams = (description: string, example: string) =>
  Type.Object(
    { id: Type.String({ description, minLength: 1, maxLength: 128, examples: [example] }) },
    { additionalProperties: false },
  );

export const customerParams = idParams('Id of the customer.', 'acme');
export const deadLetterParams = idParams('Id of the message, from `GET /admin/dead-letters`.', '11235813213455');
