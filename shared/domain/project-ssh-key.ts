import { isAdmin } from './access.ts';
import type { Random } from './ids.ts';
import type { Principal } from './principal.ts';

/** A public key that a user has stored. It belongs to a project; private keys are never stored. */
export interface ProjectSshKey {
  /** `key-…`, sortable by time. */
  readonly id: string;
  readonly customerId: string;
  /** Fid; `""` for a key of a user without a project, which only this user can use. */
  readonly project: string;
  /** The user who stored the key. */
  readonly userId: string;
  /** Not necessarily unique. */
  readonly name: string;
  /** One line in OpenSSH's format. */
  readonly publicKey: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** True: the project's instances get the key if their request names no keys. */
  readonly isDefault: boolean;
  /** True: every instance of the project gets the key. Set by administrators. */
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

/** Converts the id to the fid of the fleet family. */
export function sshKeyFid(id: string): string {
  return FID_PREFIX + id.slice(ID_PREFIX.length);
}

/** Extracts the id from a fid; `undefined` for a text that is not a key's fid. */
export function sshKeyIdOf(fid: string): string | undefined {
  const id = ID_PREFIX + fid.slice(FID_PREFIX.length);
  return fid.startsWith(FID_PREFIX) && isSshKeyId(id) ? id : undefined;
}

/** Returns whether a text has the format of a stored key's id; ids of the catalogue's keys are shorter. */
export function isSshKeyId(id: string): boolean {
  return /^key-[0-9a-z]{21}$/.test(id);
}

/**
 * Returns the owner of a key as an index value. It includes the customer, because a token can claim any project: naming
 * another customer's project finds none of its keys.
 */
export function holderOf({ customerId, project, userId }: Owner): string {
  return project === '' ? `${customerId}||${userId}` : `${customerId}|${project}`;
}

/** Returns whether the caller may use a key: project keys may be used by all users of the project. */
export function mayUseKey(caller: Principal, key: Owner): boolean {
  if (isAdmin(caller)) return true;
  if (key.customerId !== caller.customerId) return false;
  return key.project === '' ? key.userId === caller.userId : caller.projects.includes(key.project);
}
