import { allowedActions } from '#shared/domain/allowed-actions.ts';
import { type Instance, OPERATION_KINDS } from '#shared/domain/instance.ts';
import { type Operation, shownState } from '#shared/domain/operation.ts';
import type { Strictness } from '#shared/domain/power.ts';
import { shownWord } from '#shared/domain/stored-word.ts';
import { timestamp } from '../timestamp.ts';

/** Returns the instance's pending and last operation, and the actions that are allowed now. */
export function presentActivity(
  instance: Instance,
  {
    pending,
    strictness,
    suspended = false,
  }: {
    readonly pending: Operation | undefined;
    readonly strictness: Strictness;
    /** True if the caller's customer is suspended. */
    readonly suspended?: boolean;
  },
) {
  const { lastOperation } = instance;
  const { allowed, blocked } = allowedActions(instance, strictness, suspended);
  return {
    pendingOperation:
      pending === undefined
        ? null
        : {
            id: pending.id,
            kind: shownWord(OPERATION_KINDS, pending.kind),
            state: shownState(pending.state),
            createdAt: timestamp(pending.createdAtMs),
            attempts: pending.attempts,
          },
    lastOperation:
      lastOperation === null
        ? null
        : {
            id: lastOperation.id,
            kind: shownWord(OPERATION_KINDS, lastOperation.kind),
            state: lastOperation.state,
            completedAt: timestamp(lastOperation.completedAtMs),
            error: lastOperation.error,
          },
    allowedActions: allowed,
    blockedBecause: blocked,
  };
}
