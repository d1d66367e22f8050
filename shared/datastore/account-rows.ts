import type { Orders } from '#shared/domain/orders.ts';
import type { Suspension } from '#shared/domain/suspension.ts';
import { expiry, json, nullable, plainText, plainTime, text, texts } from './field.ts';
import { kind, type Kind } from './kind.ts';

const formerBids = json<readonly unknown[]>();

/** The reservations that a project has ordered; the id is the project's. */
export const ORDERS: Kind<Orders> = kind<Orders>(
  'Orders',
  {
    project: plainText,
    customerId: plainText,
    reservations: json(),
    // Earlier versions of this software cannot read a row without this member, and may run at the same time.
    bids: { ...formerBids, encode: (bids: readonly unknown[] | undefined) => formerBids.encode(bids ?? []) },
  },
  { missing: () => ({ bids: [] }) },
);

// Accounts

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly tier: string;
}

export const CUSTOMER: Kind<Customer> = kind<Customer>('Customer', { id: plainText, name: plainText, tier: text });

/** The suspension of a customer; its id is the customer's. Without a row, the customer is not suspended. */
export const SUSPENSION: Kind<Suspension> = kind<Suspension>('Suspension', {
  reason: plainText,
  sinceMs: plainTime,
  by: plainText,
});

export interface User {
  /** UUID. */
  readonly id: string;
  readonly customerId: string;
  readonly name: string;
  readonly projects: readonly string[];
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly createdAtMs: number;
}

export const USER: Kind<User> = kind<User>('User', {
  id: plainText,
  customerId: text,
  name: plainText,
  projects: texts,
  groups: texts,
  roles: texts,
  createdAtMs: plainTime,
});

export interface Project {
  /** `proj_…` */
  readonly id: string;
  readonly customerId: string;
  readonly name: string;
  /** 0 for projects created by an earlier version, which did not store the time. */
  readonly createdAtMs: number;
}

export const PROJECT: Kind<Project> = kind<Project>(
  'Project',
  { id: plainText, customerId: text, name: plainText, createdAtMs: plainTime },
  { missing: () => ({ createdAtMs: 0 }) },
);

/** An API key. The public half is the row's id (`ak_live_…`); of the secret half only the hash is stored. */
export interface ApiKey {
  readonly id: string;
  readonly userId: string;
  readonly customerId: string;
  readonly name: string;
  /** Lower-case hex SHA-256 of the secret. A fast hash is enough, because secrets have 256 random bits. */
  readonly secretHash: string;
  readonly createdAtMs: number;
  /** `null`: the key never expires. */
  readonly expiresAtMs: number | null;
  readonly revokedAtMs: number | null;
  readonly lastUsedAtMs: number | null;
}

export const API_KEY: Kind<ApiKey> = kind<ApiKey>('ApiKey', {
  id: plainText,
  userId: text,
  customerId: plainText,
  name: plainText,
  secretHash: plainText,
  createdAtMs: plainTime,
  expiresAtMs: nullable(plainTime),
  revokedAtMs: nullable(plainTime),
  lastUsedAtMs: nullable(plainTime),
});

/** A session; the row's id is the SHA-256 (lower-case hex) of the token, which is not stored. */
export interface Session {
  readonly userId: string;
  readonly customerId: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | null;
}

export const SESSION: Kind<Session> = kind<Session>(
  'Session',
  {
    userId: text,
    customerId: plainText,
    createdAtMs: plainTime,
    expiresAtMs: plainTime,
    revokedAtMs: nullable(plainTime),
  },
  { derived: (session) => ({ expireAt: expiry(session.expiresAtMs) }) },
);
