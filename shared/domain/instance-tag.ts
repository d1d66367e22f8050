import { createHash } from 'node:crypto';
import { Failure } from './failure.ts';
import type { Instance } from './instance.ts';

/**
 * Returns the `ETag` of an instance's editable parts. It changes with every edit, as soon as the edit is accepted, but
 * not with the status, so that a booting VM does not invalidate an edit in preparation.
 */
export function instanceTag(instance: Instance): string {
  const { id, displayName, machine, login, deletionProtection, queue } = instance;
  const labels = Object.entries(machine.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const edits = queue.filter(({ kind }) => kind === 'update' || kind === 'resize').map((queued) => queued.id);
  const editable = [id, displayName, machine.machineType, labels, login.keyIds, deletionProtection, edits];
  return `"${createHash('sha256').update(JSON.stringify(editable)).digest('hex').slice(0, 32)}"`;
}

/** Throws `precondition_failed` unless the instance matches `If-Match` (RFC 9110 §13.1.1). */
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
