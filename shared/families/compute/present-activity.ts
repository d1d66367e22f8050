import { allowedActions } from '#shared/domain/allowed-actions.ts';
import { type Instance, OPERATION_KINDS } from '#shared/domain/instance.ts';
import { type Operation, shownState } from '#shared/domain/operation.ts';
import type { Strictness } from '#shared/domain/power.ts';
import { shownWord } from '#shared/domain/stored-word.ts';
import { timestamp } from '../timestamp.ts';

/** What is going on with an instance, what came last, and what can be asked of it now. */
export function presentActivity(
  instance: Instance,
  {
    pending,
    strictness,
    suspended = false,
  }: {
    readonly pending: Operation | undefined;
    readonly strictness: Strictness;
    /** Whether the caller's customer is. */
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
