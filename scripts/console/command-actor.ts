import { userInfo } from 'node:os';
import { GoogleAuth } from 'google-auth-library';
import type { AuditActor } from '#shared/domain/audit.ts';

/**
 * Who works at a command line, for the audit trail: the account whose credentials are used, and the user of this machine,
 * because several people may share an account. An emulator needs no account, and is worked on as `local`.
 */
export async function commandActor(
  isEmulator: boolean,
  googleAccount: () => Promise<string> = applicationDefaultAccount,
): Promise<AuditActor> {
  const account = isEmulator ? 'local' : await googleAccount();
  return { type: 'command_line', id: `${account}, ${machineUser()}` };
}

/** The operating-system user. One without an entry in the system's list of users has a number only. */
export function machineUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Address of the account of the Application Default Credentials; Google says it of a person's credentials itself. */
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
    // The trail still has the operating-system user; Cloud Audit Logs have the account.
    return UNKNOWN_ACCOUNT;
  }
}

const UNKNOWN_ACCOUNT = 'unknown account';
