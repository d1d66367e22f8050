import type { Step } from './operation-plan.ts';
import type { Operation } from './operation.ts';
import { requestUuid } from './request-uuid.ts';

/** What is written on the operation before a step is taken, so that a repeat of the call is the same request. */
export function plannedCall(operation: Operation, step: Step, nowMs: number): Pick<Operation, 'call' | 'callCount'> {
  if (step.do !== 'call') return { call: operation.call, callCount: operation.callCount };
  // The worker can crash between this write and the answer.
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
