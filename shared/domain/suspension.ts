import { Failure } from './failure.ts';
import type { Actor, Principal } from './principal.ts';

/**
 * The suspension of a customer by an operator: nothing can be created or started; existing instances can be read,
 * stopped and deleted.
 */
export interface Suspension {
  /** The operator's reason, which is shown to the customer's users. */
  readonly reason: string;
  readonly sinceMs: number;
  /** Id of the operator, as in the audit trail. */
  readonly by: string;
}

/** The actor of the stops of `customers suspend --stop-instances`; the audit trail names the operator. */
export const SUSPENSION_ACTOR: Actor = { type: 'system', id: 'suspension' };

/** The member of a principal that shows whether the customer is suspended. */
export type MaySuspend = Pick<Principal, 'suspendedBecause'>;

export function isSuspended(caller: MaySuspend | undefined): boolean {
  return caller?.suspendedBecause !== undefined;
}

/** Throws `forbidden`, with the operator's reason, if the caller's customer is suspended. */
export function requireNotSuspended({ suspendedBecause }: MaySuspend): void {
  if (suspendedBecause === undefined) return;
  throw new Failure('forbidden', `This customer is suspended: ${suspendedBecause}`, { reason: 'customer_suspended' });
}
