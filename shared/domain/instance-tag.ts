import { createHash } from 'node:crypto';
import { Failure } from './failure.ts';
import type { Instance } from './instance.ts';

/**
 * The tag of what can be edited about an instance (`ETag`). It changes with every edit, also with one that has only been
 * accepted, and not with the status: a VM that boots must not spoil an edit that its reader prepares.
 */
export function instanceTag(instance: Instance): string {
  const { id, displayName, machine, login, deletionProtection, queue } = instance;
  const labels = Object.entries(machine.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const edits = queue.filter(({ kind }) => kind === 'update' || kind === 'resize').map((queued) => queued.id);
  const editable = [id, displayName, machine.machineType, labels, login.keyIds, deletionProtection, edits];
  return `"${createHash('sha256').update(JSON.stringify(editable)).digest('hex').slice(0, 32)}"`;
}

/** Throws `precondition_failed` when `If-Match` names other tags alone (RFC 9110 §13.1.1). */
export function requireMatch(ifMatch: string | undefined, instance: Instance): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes(instanceTag(instance))) return;
  throw new Failure(
    'precondition_failed',
    `Instance ${instance.id} has changed since you read it. Read it again, and send If-Match with its new ETag.`,
    { reason: 'instance_changed' },
  );
}
