import type { Stored } from './stored-word.ts';

/** Who is asking, as the credential proved it. */
export interface Principal {
  /** UUID. */
  readonly userId: string;
  readonly customerId: string;
  /** fids of the projects the user belongs to, the default one first. */
  readonly projects: readonly string[];
  readonly groups: readonly string[];
  readonly roles: readonly Role[];
  /** Name of the customer's tier. */
  readonly tier: string;
  /** Why the customer is suspended, in the operator's words; absent: it is not. */
  readonly suspendedBecause?: string;
  /** What proved it: a session, a key pair or a signed token. For the log; `credentialId` is never the secret. */
  readonly credential: {
    readonly type: 'session' | 'key' | 'jwt';
    readonly id: string;
    /** When it ends, epoch ms; absent where it does not. */
    readonly expiresAtMs?: number;
  };
}

export const ROLES = ['compute_admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who caused a change, as history and operations remember it. */
export interface Actor {
  readonly type: Stored<'user' | 'admin' | 'system'>;
  /** The user's id; the name of the function for `system`. */
  readonly id: string;
}
