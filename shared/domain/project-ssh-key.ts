import { isAdmin } from './access.ts';
import type { Random } from './ids.ts';
import type { Principal } from './principal.ts';

/** A public key that a user has stored. It belongs to a project; no private half is ever kept. */
export interface ProjectSshKey {
  /** `key-…`, sortable by time. */
  readonly id: string;
  readonly customerId: string;
  /** fid; `""` for a key of a user who has no project, which is theirs alone. */
  readonly project: string;
  /** User who stored it. */
  readonly userId: string;
  /** Need not be unique. */
  readonly name: string;
  /** One line in OpenSSH's form. */
  readonly publicKey: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** Instances of the project carry it when their creator names no key. */
  readonly isDefault: boolean;
  /** Every instance of the project carries it; an administrator decides so. */
  readonly required: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

type Owner = Pick<ProjectSshKey, 'customerId' | 'project' | 'userId'>;

const ID_PREFIX = 'key-';
const FID_PREFIX = 'sshkey_';

export function newSshKeyId(nowMs: number, random: Random): string {
  return `${ID_PREFIX}${nowMs.toString(36).padStart(9, '0')}${random.hex(6)}`;
}

/** The same id as the fleet family writes it. */
export function sshKeyFid(id: string): string {
  return FID_PREFIX + id.slice(ID_PREFIX.length);
}

/** `undefined` for a text that is no fid of a key, and so names none. */
export function sshKeyIdOf(fid: string): string | undefined {
  const id = ID_PREFIX + fid.slice(FID_PREFIX.length);
  return fid.startsWith(FID_PREFIX) && isSshKeyId(id) ? id : undefined;
}

/** Whether a stored key can have this id; the operator's keys of the catalogue have shorter ones. */
export function isSshKeyId(id: string): boolean {
  return /^key-[0-9a-z]{21}$/.test(id);
}

/**
 * Who holds a key, as the queries name it. The customer is part of it, because a project may come from the claim of a
 * token: naming another customer's project finds none of its keys.
 */
export function holderOf({ customerId, project, userId }: Owner): string {
  return project === '' ? `${customerId}||${userId}` : `${customerId}|${project}`;
}

/** A caller who may use the project may use its keys. */
export function mayUseKey(caller: Principal, key: Owner): boolean {
  if (isAdmin(caller)) return true;
  if (key.customerId !== caller.customerId) return false;
  return key.project === '' ? key.userId === caller.userId : caller.projects.includes(key.project);
}
