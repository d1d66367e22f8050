import { randomBytes } from 'node:crypto';
import { createApiKey, revokeApiKey } from '#shared/accounts/api-keys.ts';
import { fleetKey, oneStringKey } from '#shared/accounts/credential-text.ts';
import { createCustomer } from '#shared/accounts/customers.ts';
import { createReservation } from '#shared/accounts/orders.ts';
import { createProject } from '#shared/accounts/projects.ts';
import { createSession, revokeSession } from '#shared/accounts/sessions.ts';
import { createUser } from '#shared/accounts/users.ts';
import { rateCounterRef } from '#shared/actions/rate-limiter.ts';
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { put, ref, replace } from '#shared/datastore/write.ts';
import { windowAt } from '#shared/domain/rate-limit.ts';
import { LIMITED_OPERATIONS, type LimitedOperation, UNLIMITED } from '#shared/domain/tier.ts';
import { localStore } from './local-store.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

type Headers = Readonly<Record<string, string>>;

/** A user with their credentials as headers. */
export interface Walker {
  readonly userId: string;
  readonly customerId: string;
  /** fid. */
  readonly project: string;
  /** An API key in a pair of headers. */
  readonly key: Headers;
  /** The same key in one header, in two forms. */
  readonly oneStringKey: Headers;
  readonly bearerKey: Headers;
  /** A session's token. */
  readonly token: Headers;
}

/** Adds customers and users to a local cloud, with the code that `npm run accounts` uses. */
export class WalkAccounts {
  readonly store: Store;
  readonly #random = (bytes: number) => randomBytes(bytes);

  constructor(datastore: string) {
    this.store = localStore(datastore);
  }

  async close(): Promise<void> {
    await this.store.close();
  }

  /** Adds a tier with the same rate limit for every operation, and no quota unless one is given. */
  async tier(name: string, perMinuteEach: number, maxInstances = UNLIMITED): Promise<void> {
    const perMinute = Object.fromEntries(LIMITED_OPERATIONS.map((operation) => [operation, perMinuteEach]));
    const limits = perMinute as Record<LimitedOperation, number>;
    await this.store.write([put(TIER, name, { name, maxInstances, maxVolumeGb: UNLIMITED, perMinute: limits })]);
  }

  /** Adds a user in a new customer, by default in a group of the customer's name. */
  async walker(
    name: string,
    {
      tier,
      admin = false,
      groups = [name],
    }: { readonly tier: string; readonly admin?: boolean; readonly groups?: readonly string[] },
  ): Promise<Walker> {
    const context = this.#context(0);
    await createCustomer(context, { id: name, tier });
    const { row: project } = await createProject(context, { customerId: name, name: 'walk' });
    const { row: user } = await createUser(context, {
      customerId: name,
      groups,
      projects: [project.id],
      ...(admin ? { roles: ['compute_admin'] } : {}),
    });
    const key = await createApiKey(context, { userId: user.id, name: 'walk', ttlMs: null });
    const session = await createSession(context, { userId: user.id, ttlMs: YEAR_MS });
    return {
      userId: user.id,
      customerId: name,
      project: project.id,
      key: { 'api-key': key.row.id, 'api-secret': key.secret },
      oneStringKey: { 'x-api-key': oneStringKey(key.row.id, key.secret) },
      bearerKey: { authorization: `Bearer ${fleetKey(key.row.id, key.secret)}` },
      token: { authorization: `Bearer ${session.token}` },
    };
  }

  /** Adds reservations of a project, each for one machine. */
  async reservations(project: string, count: number): Promise<void> {
    const wanted = { project, machineType: 'n1-standard-2', places: 1, buybackCents: 0 };
    for (let made = 0; made < count; made += 1) await createReservation(this.#context(0), wanted);
  }

  /**
   * Moves a customer to another tier; processes that cache the customer's tier use the former one until their entry
   * expires.
   */
  async moveToTier({ customerId }: Pick<Walker, 'customerId'>, tier: string): Promise<void> {
    const row = await this.store.get(ref(CUSTOMER, customerId));
    if (row === undefined) throw new Error(`There is no customer ${customerId}.`);
    await this.store.write([replace(row, { ...row.value, tier })]);
  }

  /** Uses up a customer's limit of an operation for this minute and the next, directly in the store. */
  async useUp({ customerId }: Walker, operation: LimitedOperation, nowMs: number): Promise<void> {
    const { index } = windowAt(nowMs);
    for (const minute of [index, index + 1]) {
      const { id } = rateCounterRef(customerId, operation, minute);
      await this.store.write([put(RATE_COUNTER, id, { count: 1_000, ahead: 0 })]);
    }
  }

  /** Returns credentials that are no longer valid, by the reason. */
  async ended({ userId }: Walker): Promise<Readonly<Record<string, Headers>>> {
    const past = this.#context(2 * HOUR_MS);
    const now = this.#context(0);
    const expiredKey = await createApiKey(past, { userId, name: 'expired', ttlMs: HOUR_MS });
    const expiredSession = await createSession(past, { userId, ttlMs: HOUR_MS });
    const revokedKey = await createApiKey(now, { userId, name: 'revoked', ttlMs: null });
    const revokedSession = await createSession(now, { userId, ttlMs: YEAR_MS });
    await revokeApiKey(now, revokedKey.row.id);
    await revokeSession(now, revokedSession.id);
    const pair = ({ row, secret }: typeof expiredKey) => ({ 'api-key': row.id, 'api-secret': secret });
    const bearer = ({ token }: typeof expiredSession) => ({ authorization: `Bearer ${token}` });
    return {
      'an expired key': pair(expiredKey),
      'an expired session': bearer(expiredSession),
      'a revoked key': pair(revokedKey),
      'a revoked session': bearer(revokedSession),
    };
  }

  #context(agoMs: number) {
    return {
      store: this.store,
      clock: { nowMs: () => Date.now() - agoMs },
      random: this.#random,
      by: { actor: { type: 'system', id: 'walk' }, requestId: 'walk' },
    } as const;
  }
}
