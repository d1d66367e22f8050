import type { InstanceStatus, Machine } from './instance-resource.ts';
import type { Journal } from './journal.ts';
import { QUICK_MS } from './operation-book.ts';

export type Action = 'start' | 'stop' | 'reset' | 'suspend' | 'resume' | 'delete';

/**
 * What an action does in a state: `go` moves the VM, `settled` is accepted and changes nothing. Where nothing is
 * written, Compute Engine answers resourceNotReady.
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

/** `undefined` where the action is refused. */
export function moveOf(action: Action, machine: Machine): 'go' | 'settled' | undefined {
  return machine.deleting ? undefined : MOVES[action][machine.resource.status];
}

/** Whether the action would ask the zone for room, and so can meet a stockout. */
export function needsRoom(action: Action, machine: Machine): boolean {
  return (action === 'start' || action === 'resume') && MOVES[action][machine.resource.status] === 'go';
}

/** When a VM that is moving has arrived; soon for one that is at rest. */
export function restMs(journal: Journal, machine: Machine, nowMs: number): number {
  const moves = journal.stepsOf(machine.id).filter(({ step }) => step.kind === 'status');
  return Math.max(nowMs + QUICK_MS, ...moves.map(({ atMs }) => atMs));
}

/** Forgets where a VM was going; the operations that sent it there still end at their time. */
export function forgetMoves(journal: Journal, machine: Machine): void {
  for (const { seq, step } of journal.stepsOf(machine.id)) {
    if (step.kind === 'status' || step.kind === 'gone') journal.removeStep(seq);
  }
}
