import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateJson } from './private-file.ts';

export const PRINCIPAL_NAMES = ['alice', 'bob', 'carol', 'admin'] as const;
export type PrincipalName = (typeof PRINCIPAL_NAMES)[number];

/** One of the users that a local cloud has from its first start, with all their credentials. */
export interface LocalPrincipal {
  /** UUID. */
  readonly userId: string;
  readonly customerId: string;
  /** fid. */
  readonly project: string;
  readonly tier: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  /** Token for `Authorization: Bearer`. */
  readonly token: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  /** Key for `X-API-Key`, which contains id and secret. */
  readonly xApiKey: string;
}

export type LocalPrincipals = Readonly<Record<PrincipalName, LocalPrincipal>>;

/** Everything that a script needs to use a running local cloud; the content of `<state>/connection.json`. */
export interface Connection {
  readonly baseUrl: string;
  readonly principals: LocalPrincipals;
  /** `host:port` each. */
  readonly emulators: { readonly datastore: string; readonly pubsub: string; readonly compute: string };
  /** URL of the control interface. */
  readonly control: string;
}

function fileIn(stateFolder: string): string {
  return join(stateFolder, 'connection.json');
}

export function writeConnection(stateFolder: string, connection: Connection): void {
  writePrivateJson(fileIn(stateFolder), connection);
}

/** Returns the connection of the last run; `undefined` if there was none. */
export function readConnection(stateFolder: string): Connection | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(stateFolder), 'utf8')) as Connection;
  } catch {
    // An absent or unreadable file is written anew at every start.
    return undefined;
  }
}
