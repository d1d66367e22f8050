import type { Stored } from './stored-word.ts';

/** Who made a change. */
export interface AuditActor {
  /** `principal`: a user of the API; `command_line`: an operator at a terminal; `system`: the platform itself. */
  readonly type: (typeof AUDIT_ACTORS)[number];
  /** The user's id; account and operating-system user for a command line; the component's name for the platform. */
  readonly id: string;
}

export const AUDIT_ACTORS = ['principal', 'command_line', 'system'] as const;

/** All actions that the audit trail records, as `object.verb`. */
export const AUDIT_ACTIONS = [
  'customer.create',
  'customer.set_tier',
  'customer.delete',
  'customer.suspend',
  'customer.resume',
  'user.create',
  'user.update',
  'user.delete',
  'project.create',
  'project.delete',
  'reservation.create',
  'order.end',
  'key.create',
  'key.rotate',
  'key.revoke',
  'session.create',
  'session.revoke',
  'ssh_key.create',
  'ssh_key.update',
  'ssh_key.delete',
  'catalog.apply',
  'quota.recount',
  'sweep.release',
  'orphan.remove',
  'instance.start',
  'instance.stop',
  'instance.restart',
  'instance.reset',
  'instance.update',
  'instance.resize',
  'instance.delete',
  'instance.sync',
  'operation.retry',
  'operation.cancel',
  'dead_letter.replay',
  'dead_letter.discard',
  'deploy.apply',
  'deploy.local',
  'deploy.restore',
  'deploy.destroy',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One recorded change. */
export interface AuditEntry {
  readonly id: string;
  readonly atMs: number;
  readonly actorType: Stored<AuditActor['type']>;
  readonly actorId: string;
  readonly action: Stored<AuditAction>;
  /** Kind and id of the changed object: `customer acme`. */
  readonly object: string;
  /** The actor's stated reason; `""` if none was given. */
  readonly reason: string;
  /**
   * Members before the change; `null`: the object did not exist, or none of its members are recorded. Never contains
   * secrets.
   */
  readonly before: AuditValue;
  readonly after: AuditValue;
  /** Id of the request, or of the command line's run. */
  readonly requestId: string;
}

export type AuditValue = Readonly<Record<string, unknown>> | null;

/** Exceeds every time that an entry's id can contain: 36^9 milliseconds are 3,218 years. */
const TIME_MAX = 36 ** 9;

/** Returns an id `aud-…`. Later times give smaller ids, so the ascending order of ids is newest first. */
export function auditId(atMs: number, randomHex: string): string {
  return `${auditPlace(atMs)}${randomHex}`;
}

/** Returns the prefix of the ids of entries at this time; entries at earlier times have greater ids. */
export function auditPlace(atMs: number): string {
  return `aud-${(TIME_MAX - 1 - atMs).toString(36).padStart(9, '0')}`;
}

export function isAuditId(text: string): boolean {
  return /^aud-[0-9a-z]{21}$/.test(text);
}

/** Returns the members in which two values differ, so that audit entries omit unchanged ones. */
export function changedMembers(
  before: Readonly<object>,
  after: Readonly<object>,
): { readonly before: AuditValue; readonly after: AuditValue } {
  const old: Readonly<Record<string, unknown>> = { ...before };
  const young: Readonly<Record<string, unknown>> = { ...after };
  const names = [...new Set([...Object.keys(old), ...Object.keys(young)])].filter(
    (name) => JSON.stringify(old[name]) !== JSON.stringify(young[name]),
  );
  const pick = (value: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(names.map((name) => [name, value[name] ?? null]));
  return { before: pick(old), after: pick(young) };
}
