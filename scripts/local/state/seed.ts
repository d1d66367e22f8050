import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  newApiKeyId,
  newApiKeySecret,
  newSessionToken,
  newUserId,
  oneStringKey,
  secretHash,
} from '#shared/accounts/credential-text.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { API_KEY, CUSTOMER, PROJECT, SESSION, USER } from '#shared/datastore/account-rows.ts';
import { Store } from '#shared/datastore/store.ts';
import { put, ref, type Write } from '#shared/datastore/write.ts';
import catalog from '../catalog.json' with { type: 'json' };
import { LOCAL_PROJECT } from '../functions/function-environment.ts';
import { type LocalPrincipal, type LocalPrincipals, PRINCIPAL_NAMES, type PrincipalName } from './connection.ts';
import { markDatabase } from '#shared/workers/database-marker.ts';
import { writePrivateJson } from './private-file.ts';

/** Sessions of a local cloud must outlast every move of its clock. */
const SESSION_YEARS = 100;
const YEAR_MS = 365.25 * 86_400_000;

const CUSTOMERS = [
  { id: 'acme', name: 'Acme', tier: 'pro' },
  { id: 'umbrella', name: 'Umbrella', tier: 'free' },
  { id: 'platform', name: 'Platform team', tier: 'enterprise' },
] as const;

type CustomerId = (typeof CUSTOMERS)[number]['id'];

interface Person {
  readonly customerId: CustomerId;
  readonly project: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

const PEOPLE: Readonly<Record<PrincipalName, Person>> = {
  alice: { customerId: 'acme', project: 'proj_acme000000000000', groups: ['group1'], roles: [] },
  bob: { customerId: 'acme', project: 'proj_acme000000000000', groups: ['group1'], roles: [] },
  carol: { customerId: 'umbrella', project: 'proj_umbrella00000000', groups: ['group2'], roles: [] },
  admin: { customerId: 'platform', project: 'proj_platform00000000', groups: ['platform'], roles: ['compute_admin'] },
};

export interface SeedOptions {
  readonly stateFolder: string;
  /** `host:port` of the Datastore emulator. */
  readonly datastore: string;
  readonly clock: { nowMs(): number };
}

/**
 * Gives an empty local cloud its catalogue and users, and returns the users. Their secrets are in a file of the state
 * folder, because the store contains only hashes. The file is written first, so that an interrupted start is completed
 * by the next one with the same credentials.
 */
export async function seed({ stateFolder, datastore, clock }: SeedOptions): Promise<LocalPrincipals> {
  const file = join(stateFolder, 'principals.json');
  const known = readPrincipals(file);
  const principals = known ?? newPrincipals();
  if (known === undefined) writePrivateJson(file, principals);

  const store = new Store({
    project: LOCAL_PROJECT,
    database: '',
    emulatorHost: datastore,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  try {
    // The accounts are written last and in one commit, so one of them proves that everything was written.
    if ((await store.get(ref(API_KEY, principals.alice.apiKey))) !== undefined) return principals;
    // The database is created here, so it is marked as this cloud's before it contains anything.
    await markDatabase({ database: '', epochMs: 0 }, { store, nowMs: () => clock.nowMs() });
    const auditor = {
      actor: { type: 'system', id: 'local cloud' },
      requestId: 'start',
      nowMs: () => clock.nowMs(),
      hex: (bytes: number) => randomBytes(bytes).toString('hex'),
    } as const;
    await applyCatalog(store, catalog satisfies Catalog, { auditor });
    await store.write(accountRows(principals, clock.nowMs()));
    return principals;
  } finally {
    await store.close();
  }
}

function readPrincipals(file: string): LocalPrincipals | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LocalPrincipals;
  } catch {
    // There is no file at the first start.
    return undefined;
  }
}

function newPrincipals(): LocalPrincipals {
  const made = PRINCIPAL_NAMES.map((name) => [name, newPrincipal(PEOPLE[name])] as const);
  return Object.fromEntries(made) as Record<PrincipalName, LocalPrincipal>;
}

function newPrincipal({ customerId, project, groups, roles }: Person): LocalPrincipal {
  const apiKey = newApiKeyId(randomBytes);
  const apiSecret = newApiKeySecret(randomBytes);
  return {
    userId: newUserId(randomBytes),
    customerId,
    project,
    tier: CUSTOMERS.find(({ id }) => id === customerId)?.tier ?? '',
    groups,
    roles,
    token: newSessionToken(randomBytes),
    apiKey,
    apiSecret,
    xApiKey: oneStringKey(apiKey, apiSecret),
  };
}

function accountRows(principals: LocalPrincipals, nowMs: number): readonly Write[] {
  const projects = new Map(PRINCIPAL_NAMES.map((name) => [principals[name].project, principals[name].customerId]));
  return [
    ...CUSTOMERS.map((customer) => put(CUSTOMER, customer.id, customer)),
    ...[...projects].map(([id, customerId]) =>
      put(PROJECT, id, { id, customerId, name: `${customerId}'s project`, createdAtMs: nowMs }),
    ),
    ...PRINCIPAL_NAMES.flatMap((name) => rowsOf(name, principals[name], nowMs)),
  ];
}

function rowsOf(name: PrincipalName, principal: LocalPrincipal, nowMs: number): readonly Write[] {
  const { userId, customerId, project, groups, roles, apiKey, apiSecret, token } = principal;
  return [
    put(USER, userId, { id: userId, customerId, name, projects: [project], groups, roles, createdAtMs: nowMs }),
    put(API_KEY, apiKey, {
      id: apiKey,
      userId,
      customerId,
      name: `${name}'s first key`,
      secretHash: secretHash(apiSecret),
      createdAtMs: nowMs,
      expiresAtMs: null,
      revokedAtMs: null,
      lastUsedAtMs: null,
    }),
    put(SESSION, secretHash(token), {
      userId,
      customerId,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + SESSION_YEARS * YEAR_MS,
      revokedAtMs: null,
    }),
  ];
}
