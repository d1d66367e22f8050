import type { Step } from './operation-plan.ts';
import type { Operation } from './operation.ts';
import { requestUuid } from './request-uuid.ts';

/** Returns what is recorded on the operation before a step, so that a repeated call has the same requestId. */
export function plannedCall(operation: Operation, step: Step, nowMs: number): Pick<Operation, 'call' | 'callCount'> {
  if (step.do !== 'call') return { call: operation.call, callCount: operation.callCount };
  // The worker can crash between this write and Compute Engine's answer.
  if (!step.fresh && operation.call !== null)
    return { call: { ...operation.call, mayBeApplied: true }, callCount: operation.callCount };
  const callCount = operation.callCount + 1;
  return {
    callCount,
    call: {
      verb: step.verb,
      requestId: requestUuid(operation.id, callCount),
      askedAtMs: nowMs,
      zoneOperation: null,
      done: false,
      mayBeApplied: true,
    },
  };
}
