import { createHash, timingSafeEqual } from 'node:crypto';
import { TtlCache } from '#shared/concurrency/ttl-cache.ts';
import { API_KEY, type ApiKey, CUSTOMER, SESSION, USER } from '#shared/datastore/account-rows.ts';
import { RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref, type Row, touch, type Write } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { type Principal, type Role, ROLES } from '#shared/domain/principal.ts';
import { secondsUntil, WINDOW_MS, windowAt } from '#shared/domain/rate-limit.ts';
import type { Credential } from './credential.ts';
import { type JwtOptions, JwtVerifier } from './jwt.ts';

/** How long a verified credential is believed without asking again: a revoked one stops working within this time. */
const BELIEVED_MS = 10_000;
/** Principals remembered per process; some hundred bytes each. */
const REMEMBERED_MAX = 5_000;
/** `lastUsedAt` of a key is as exact as this; more would be a write per request. */
const LAST_USE_GRAIN_MS = 600_000;

const HOW = 'Send Authorization: Bearer <token>, or the headers api-key and api-secret.';

export interface AuthenticatorOptions {
  readonly store: Store;
  readonly nowMs: () => number;
  readonly jwt: JwtOptions | undefined;
  /** Failed sign-ins per address and minute; after them even a right credential has to wait. */
  readonly failedSignInsPerMinute: number;
}

/** Who it is, and what should be noted about the credential with the next write. */
export interface SignIn {
  readonly principal: Principal;
  readonly notes: readonly Write[];
}

interface Believed {
  readonly principal: Principal;
  readonly expiresAtMs: number;
}

/** Turns credentials into principals. Secrets are compared by their SHA-256, in constant time, and never kept. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #jwt: JwtVerifier | undefined;
  readonly #believed = new TtlCache<Believed>({ ttlMs: BELIEVED_MS, sizeMax: REMEMBERED_MAX });
  /** Addresses that have used up their failures, until the end of their window. */
  readonly #locked = new TtlCache<number>({ ttlMs: WINDOW_MS, sizeMax: REMEMBERED_MAX });

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#jwt = options.jwt === undefined ? undefined : new JwtVerifier(options.jwt);
  }

  /**
   * Throws `unauthenticated` for a credential that does not hold, with one text whatever was wrong with it, and
   * `rate_limited` for an address that failed too often.
   */
  async signIn(credential: Credential, address: string): Promise<SignIn> {
    if (credential.type === 'none')
      throw new Failure('unauthenticated', `Credentials are missing. ${HOW}`, { reason: 'credentials_missing' });
    if (credential.type === 'malformed')
      throw new Failure('unauthenticated', credential.why, { reason: 'credentials_malformed' });
    const nowMs = this.#options.nowMs();
    const fingerprint = sha256(credential.type === 'key' ? `${credential.id}\n${credential.secret}` : credential.token);
    const believed = this.#believed.get(fingerprint, nowMs);
    if (believed !== undefined && believed.expiresAtMs > nowMs) return { principal: believed.principal, notes: [] };
    this.#requireUnlocked(address, nowMs);
    const found = await this.#verify(credential, address, nowMs);
    if (found === undefined) {
      await this.#countFailure(address, nowMs);
      throw new Failure('unauthenticated', `The credentials are not valid or have expired. ${HOW}`, {
        reason: 'credentials_invalid',
      });
    }
    this.#believed.set(fingerprint, found, nowMs);
    return { principal: found.principal, notes: found.notes };
  }

  async #verify(credential: Exclude<Credential, { type: 'none' | 'malformed' }>, address: string, nowMs: number) {
    if (credential.type === 'key') return this.#verifyKey(credential, address, nowMs);
    // An opaque token of ours has no dots; what has the form of a JWT is one where an issuer is configured.
    if (this.#jwt !== undefined && JwtVerifier.looksLikeJwt(credential.token)) {
      return this.#verifyJwt(this.#jwt, credential.token, { address, nowMs });
    }
    return this.#verifySession(credential.token, address, nowMs);
  }

  async #verifyKey(credential: { readonly id: string; readonly secret: string }, address: string, nowMs: number) {
    const [row, failures] = await this.#options.store.getAll([
      ref(API_KEY, credential.id.slice(0, 64)),
      failuresRef(address, nowMs),
    ]);
    this.#requireFew(failures?.value.count, address, nowMs);
    // The comparison is made for unknown keys too, so that the time taken does not tell a known key from an unknown one.
    const same = sameHash(sha256(credential.secret), row?.value.secretHash ?? UNKNOWN_HASH);
    if (row === undefined || !same) return undefined;
    const { value: key } = row;
    if (key.revokedAtMs !== null && key.revokedAtMs <= nowMs) return undefined;
    if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) return undefined;
    const principal = await this.#principalOf(key, { type: 'key', id: key.id });
    return principal === undefined
      ? undefined
      : { principal, expiresAtMs: soonest(key.expiresAtMs, key.revokedAtMs), notes: noteUse(row, nowMs) };
  }

  async #verifySession(token: string, address: string, nowMs: number) {
    const id = sha256(token);
    const [row, failures] = await this.#options.store.getAll([ref(SESSION, id), failuresRef(address, nowMs)]);
    this.#requireFew(failures?.value.count, address, nowMs);
    if (row === undefined) return undefined;
    const { value: session } = row;
    if (session.expiresAtMs <= nowMs || (session.revokedAtMs !== null && session.revokedAtMs <= nowMs))
      return undefined;
    const principal = await this.#principalOf(session, { type: 'session', id: id.slice(0, 12) });
    return principal === undefined
      ? undefined
      : { principal, expiresAtMs: soonest(session.expiresAtMs, session.revokedAtMs), notes: [] };
  }

  async #verifyJwt(
    jwt: JwtVerifier,
    token: string,
    { address, nowMs }: { readonly address: string; readonly nowMs: number },
  ) {
    const verified = await jwt.verify(token, nowMs);
    if (verified === undefined) return undefined;
    const [customer, failures] = await this.#options.store.getAll([
      ref(CUSTOMER, verified.customerId),
      failuresRef(address, nowMs),
    ]);
    this.#requireFew(failures?.value.count, address, nowMs);
    if (customer === undefined) return undefined;
    const { expiresAtMs, ...rest } = verified;
    return { principal: { ...rest, tier: customer.value.tier }, expiresAtMs, notes: [] };
  }

  async #principalOf(
    holder: { readonly userId: string; readonly customerId: string },
    credential: Principal['credential'],
  ): Promise<Principal | undefined> {
    const [user, customer] = await this.#options.store.getAll([
      ref(USER, holder.userId),
      ref(CUSTOMER, holder.customerId),
    ]);
    if (user === undefined || customer === undefined) return undefined;
    return {
      userId: user.value.id,
      customerId: customer.value.id,
      projects: user.value.projects,
      groups: user.value.groups,
      roles: user.value.roles.filter((role): role is Role => (ROLES as readonly string[]).includes(role)),
      tier: customer.value.tier,
      credential,
    };
  }

  #requireUnlocked(address: string, nowMs: number): void {
    const endsAtMs = this.#locked.get(address, nowMs);
    if (endsAtMs !== undefined && endsAtMs > nowMs) throw tooManyFailures(endsAtMs, nowMs);
  }

  #requireFew(failures: number | undefined, address: string, nowMs: number): void {
    if ((failures ?? 0) < this.#options.failedSignInsPerMinute) return;
    const { endsAtMs } = windowAt(nowMs);
    this.#locked.set(address, endsAtMs, nowMs);
    throw tooManyFailures(endsAtMs, nowMs);
  }

  async #countFailure(address: string, nowMs: number): Promise<void> {
    const { endsAtMs } = windowAt(nowMs);
    const { count } = await this.#options.store.increment(failuresRef(address, nowMs), 'count', {
      expireAtMs: endsAtMs + WINDOW_MS,
    });
    // A token's signature is checked without a look at the counter, so what the counter answers is kept.
    if (count >= this.#options.failedSignInsPerMinute) this.#locked.set(address, endsAtMs, nowMs);
  }
}

const UNKNOWN_HASH = sha256('');

function sha256(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
}

function failuresRef(address: string, nowMs: number) {
  return ref(RATE_COUNTER, `sign-in|${address.slice(0, 64)}|${windowAt(nowMs).index}`);
}

function tooManyFailures(endsAtMs: number, nowMs: number): Failure {
  return new Failure('rate_limited', 'Too many failed sign-ins from this address. Please wait.', {
    reason: 'too_many_failed_sign_ins',
    retryAfterSeconds: secondsUntil(endsAtMs, nowMs),
  });
}

/** A revocation in the future is how a rotated key gets its grace. */
function soonest(...timesMs: readonly (number | null)[]): number {
  return Math.min(...timesMs.map((ms) => ms ?? Number.POSITIVE_INFINITY));
}

function noteUse(row: Row<ApiKey>, nowMs: number): readonly Write[] {
  const last = row.value.lastUsedAtMs ?? 0;
  return nowMs - last < LAST_USE_GRAIN_MS ? [] : [touch(row, 'lastUsedAtMs', nowMs)];
}
