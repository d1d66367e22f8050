import type { Stored } from './stored-word.ts';

/** The caller, as proved by their credential. */
export interface Principal {
  /** UUID. */
  readonly userId: string;
  readonly customerId: string;
  /** Fids of the user's projects, the default one first. */
  readonly projects: readonly string[];
  readonly groups: readonly string[];
  readonly roles: readonly Role[];
  /** Name of the customer's tier. */
  readonly tier: string;
  /** The operator's reason if the customer is suspended; absent: not suspended. */
  readonly suspendedBecause?: string;
  /** The credential that was used, for the log; `id` never contains the secret. */
  readonly credential: {
    readonly type: 'session' | 'key' | 'jwt';
    readonly id: string;
    /** When the credential expires, epoch ms; absent: never. */
    readonly expiresAtMs?: number;
  };
}

export const ROLES = ['compute_admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who caused a change, as recorded in history and operations. */
export interface Actor {
  readonly type: Stored<'user' | 'admin' | 'system'>;
  /** The user's id; the name of the function for `system`. */
  readonly id: string;
}
