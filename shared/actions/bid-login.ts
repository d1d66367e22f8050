import type { Store } from '#shared/datastore/store.ts';
import { type Login, loginMetadata } from '#shared/domain/login.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { sshKeyIdOf } from '#shared/domain/project-ssh-key.ts';
import { keysForInstance } from './keys-for-instance.ts';
import { sshKeyNotFound } from './ssh-key-owner.ts';

/** The login user of this family's instances, the same for every image. */
const BID_USER = 'ubuntu';

export interface BidLoginRequest {
  readonly caller: Principal;
  readonly project: string;
  /** fids. */
  readonly sshKeys: readonly string[];
}

/** Who may log in to the instances of a bid, and the VM metadata that lets them. */
export interface BidLogin {
  readonly login: Login;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Collects the bid's keys and the keys that its project requires. Throws `not_found` for a key the caller cannot use.
 */
export async function bidLogin(
  { caller, project, sshKeys }: BidLoginRequest,
  store: Pick<Store, 'getAll' | 'query'>,
): Promise<BidLogin> {
  const ids = sshKeys.map(sshKeyIdOf);
  const named = ids.filter((id) => id !== undefined);
  const { keys, unknown } = await keysForInstance({ caller, project, ids: named }, store);
  if (named.length < ids.length || unknown.length > 0) throw sshKeyNotFound();
  return {
    login: { user: BID_USER, keyIds: keys.map(({ id }) => id) },
    metadata: loginMetadata(
      keys.map((key) => ({ ...key, user: BID_USER })),
      BID_USER,
    ),
  };
}
