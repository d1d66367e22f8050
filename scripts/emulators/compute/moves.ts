import type { InstanceStatus, Machine } from './instance-resource.ts';
import type { Journal } from './journal.ts';
import { QUICK_MS } from './operation-book.ts';

export type Action = 'start' | 'stop' | 'reset' | 'suspend' | 'resume' | 'delete';

/**
 * The effect of an action by the VM's status: `go` changes the VM; `settled` is accepted without an effect. In all
 * other statuses Compute Engine replies resourceNotReady.
 */
const MOVES: Readonly<Record<Action, Readonly<Partial<Record<InstanceStatus, 'go' | 'settled'>>>>> = {
  start: { TERMINATED: 'go', PROVISIONING: 'settled', STAGING: 'settled', RUNNING: 'settled' },
  stop: {
    PROVISIONING: 'go',
    STAGING: 'go',
    RUNNING: 'go',
    SUSPENDED: 'go',
    STOPPING: 'settled',
    TERMINATED: 'settled',
  },
  reset: { RUNNING: 'go' },
  suspend: { RUNNING: 'go' },
  resume: { SUSPENDED: 'go' },
  delete: {
    PROVISIONING: 'go',
    STAGING: 'go',
    RUNNING: 'go',
    STOPPING: 'go',
    TERMINATED: 'go',
    SUSPENDING: 'go',
    SUSPENDED: 'go',
  },
};

/** Returns the effect of the action; `undefined` if it is refused. */
export function moveOf(action: Action, machine: Machine): 'go' | 'settled' | undefined {
  return machine.deleting ? undefined : MOVES[action][machine.resource.status];
}

/** Whether the action needs capacity of the zone, and so can fail with a stockout. */
export function needsRoom(action: Action, machine: Machine): boolean {
  return (action === 'start' || action === 'resume') && MOVES[action][machine.resource.status] === 'go';
}

/** Returns when a VM reaches the status that it is changing to, or a moment after `nowMs` if it is not changing. */
export function restMs(journal: Journal, machine: Machine, nowMs: number): number {
  const moves = journal.stepsOf(machine.id).filter(({ step }) => step.kind === 'status');
  return Math.max(nowMs + QUICK_MS, ...moves.map(({ atMs }) => atMs));
}

/** Cancels the VM's planned status changes; the operations that caused them still end at their time. */
export function forgetMoves(journal: Journal, machine: Machine): void {
  for (const { seq, step } of journal.stepsOf(machine.id)) {
    if (step.kind === 'status' || step.kind === 'gone') journal.removeStep(seq);
  }
}
