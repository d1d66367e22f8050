import { createHash } from 'node:crypto';
import {
  newApiKeyId,
  newApiKeySecret,
  newSessionToken,
  newUserId,
  secretHash,
} from '#shared/accounts/credential-text.ts';
import { oneStringKey } from '#shared/accounts/credential-text.ts';
import { API_KEY, CUSTOMER, PROJECT, SESSION, USER } from '#shared/datastore/account-rows.ts';
import { put, type Write } from '#shared/datastore/write.ts';
import type { Role } from '#shared/domain/principal.ts';

/** Two customers have a group of the same name, which must not give one access to the other's instances. */
const PEOPLE = [
  { name: 'alice', customerId: 'acme', tier: 'pro', group: 'group1', roles: [] },
  { name: 'bob', customerId: 'acme', tier: 'pro', group: 'group1', roles: [] },
  { name: 'carol', customerId: 'umbrella', tier: 'free', group: 'group2', roles: [] },
  { name: 'dave', customerId: 'globex', tier: 'pro', group: 'group1', roles: [] },
  { name: 'admin', customerId: 'platform', tier: 'enterprise', group: 'platform', roles: ['compute_admin'] },
] as const satisfies readonly {
  readonly name: string;
  readonly customerId: string;
  readonly tier: string;
  readonly group: string;
  readonly roles: readonly Role[];
}[];

export type PersonName = (typeof PEOPLE)[number]['name'];

/** The users who have instances. */
export const CUSTOMERS_PEOPLE: readonly PersonName[] = ['alice', 'bob', 'carol', 'dave'];

export interface Person {
  readonly name: PersonName;
  readonly customerId: string;
  /** fid. */
  readonly project: string;
  readonly tier: string;
  /** Headers that authenticate the user, for each family. */
  readonly credentials: {
    readonly compute: Readonly<Record<string, string>>;
    readonly resource: Readonly<Record<string, string>>;
    readonly fleet: Readonly<Record<string, string>>;
  };
}

/** Returns all users, with the rows that authenticate them. The same in every world. */
export function people(nowMs: number): {
  readonly persons: Readonly<Record<PersonName, Person>>;
  readonly rows: readonly Write[];
} {
  const made = PEOPLE.map((entry) => newPerson(entry, nowMs));
  const persons = Object.fromEntries(made.map(({ person }) => [person.name, person])) as Record<PersonName, Person>;
  const customers = [...new Map(PEOPLE.map((entry) => [entry.customerId, entry])).values()];
  return {
    persons,
    rows: [
      ...customers.flatMap(({ customerId: id, tier }) => [
        put(CUSTOMER, id, { id, name: id, tier }),
        put(PROJECT, projectOf(id), { id: projectOf(id), customerId: id, name: `${id}'s project`, createdAtMs: 0 }),
      ]),
      ...made.flatMap(({ rows }) => rows),
    ],
  };
}

const YEAR_MS = 365 * 86_400_000;

function newPerson(
  { name, customerId, tier, group, roles }: (typeof PEOPLE)[number],
  nowMs: number,
): { readonly person: Person; readonly rows: readonly Write[] } {
  const bytes = bytesOf(name);
  const userId = newUserId(bytes);
  const [apiKey, apiSecret, token] = [newApiKeyId(bytes), newApiKeySecret(bytes), newSessionToken(bytes)];
  const project = projectOf(customerId);
  const person: Person = {
    name,
    customerId,
    project,
    tier,
    credentials: {
      compute: { 'api-key': apiKey, 'api-secret': apiSecret },
      resource: { 'x-api-key': oneStringKey(apiKey, apiSecret) },
      // The gateway moves a caller's `Authorization` to this header.
      fleet: { 'x-forwarded-authorization': `Bearer ${token}` },
    },
  };
  const rows = [
    put(USER, userId, {
      id: userId,
      customerId,
      name,
      projects: [project],
      groups: [group],
      roles: [...roles],
      createdAtMs: nowMs,
    }),
    put(API_KEY, apiKey, {
      id: apiKey,
      userId,
      customerId,
      name: `${name}'s key`,
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
      expiresAtMs: nowMs + 100 * YEAR_MS,
      revokedAtMs: null,
    }),
  ];
  return { person, rows };
}

function projectOf(customerId: string): string {
  return `proj_${customerId.padEnd(16, '0')}`;
}

/** Returns a source of bytes that depend only on the name. */
function bytesOf(name: string): (count: number) => Buffer {
  let calls = 0;
  return (count) => {
    calls += 1;
    return createHash('sha512').update(`${name}/${calls}`).digest().subarray(0, count);
  };
}
