import { userInfo } from 'node:os';
import { GoogleAuth } from 'google-auth-library';
import type { AuditActor } from '#shared/domain/audit.ts';

/**
 * Returns the actor of a command for the audit trail: the account whose credentials are used, and the user of this
 * machine, because several people may share an account. An emulator needs no account; there the actor is `local`.
 */
export async function commandActor(
  isEmulator: boolean,
  googleAccount: () => Promise<string> = applicationDefaultAccount,
): Promise<AuditActor> {
  const account = isEmulator ? 'local' : await googleAccount();
  return { type: 'command_line', id: `${account}, ${machineUser()}` };
}

/** Returns the operating-system user's name, or number if the system lists no name. */
export function machineUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/**
 * Returns the e-mail address of the Application Default Credentials' account. For a person's credentials, Google's
 * token service supplies the address.
 */
async function applicationDefaultAccount(): Promise<string> {
  const auth = new GoogleAuth({
    scopes: ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/userinfo.email'],
  });
  try {
    const { client_email: serviceAccount } = await auth.getCredentials();
    if (serviceAccount !== undefined) return serviceAccount;
    const token = await auth.getAccessToken();
    const client = await auth.getClient();
    if (typeof token !== 'string' || !('getTokenInfo' in client)) return UNKNOWN_ACCOUNT;
    const { email } = await client.getTokenInfo(token);
    return email ?? UNKNOWN_ACCOUNT;
  } catch {
    // The audit trail still names the operating-system user, and Cloud Audit Logs name the account.
    return UNKNOWN_ACCOUNT;
  }
}

const UNKNOWN_ACCOUNT = 'unknown account';
