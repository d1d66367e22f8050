import { Failure } from './failure.ts';
import type { Actor, Principal } from './principal.ts';

/** A customer that an operator has suspended: nothing new is made or started, what exists can be read, stopped, deleted. */
export interface Suspension {
  /** The operator's words, which the customer's users are shown. */
  readonly reason: string;
  readonly sinceMs: number;
  /** Id of the operator who suspended the customer, as the audit trail has it. */
  readonly by: string;
}

/** Who asks for the stops of `customers suspend --stop-instances`; the audit trail has the operator. */
export const SUSPENSION_ACTOR: Actor = { type: 'system', id: 'suspension' };

/** What of a principal says whether their customer is suspended. */
export type MaySuspend = Pick<Principal, 'suspendedBecause'>;

export function isSuspended(caller: MaySuspend | undefined): boolean {
  return caller?.suspendedBecause !== undefined;
}

/** Throws `forbidden` with the operator's reason for a caller whose customer is suspended. There is nothing to wait for. */
export function requireNotSuspended({ suspendedBecause }: MaySuspend): void {
  if (suspendedBecause === undefined) return;
  throw new Failure('forbidden', `This customer is suspended: ${suspendedBecause}`, { reason: 'customer_suspended' });
}
