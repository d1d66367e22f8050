import { createHash, timingSafeEqual } from 'node:crypto';
import { TtlCache } from '#shared/concurrency/ttl-cache.ts';
import {
  API_KEY,
  type ApiKey,
  CUSTOMER,
  type Customer,
  PROJECT,
  SESSION,
  SUSPENSION,
  USER,
  type User,
} from '#shared/datastore/account-rows.ts';
import { plainTime } from '#shared/datastore/field.ts';
import type { Store } from '#shared/datastore/store.ts';
import { type Ref, ref, type Row, touch, type Write } from '#shared/datastore/write.ts';
import { API_KEY_ID, API_KEY_SECRET, PROJECT_ID, SESSION_TOKEN } from '#shared/domain/credential-forms.ts';
import { Failure } from '#shared/domain/failure.ts';
import { type Principal, type Role, ROLES } from '#shared/domain/principal.ts';
import { type Credential, CREDENTIAL_PLACES } from './credential.ts';
import type { Suspension } from '#shared/domain/suspension.ts';
import { FailedSignIns } from './failed-sign-ins.ts';
import { type JwtOptions, JwtVerifier } from './jwt.ts';

/** How long a valid credential is cached; a revoked one stops working within this time. */
const BELIEVED_MS = 10_000;
/** How long an invalid credential is rejected from the cache. */
const REFUSED_MS = 5_000;
/** How long the holder of a credential is remembered, so that their rows are read beside the credential's own. */
const HOLDER_MS = 3_600_000;
/** Maximum number of credentials per process in each cache, valid and invalid; an entry takes some hundred bytes. */
const REMEMBERED_MAX = 5_000;
/** Precision of a key's `lastUsedAt`; a finer one would need a write per request. */
const LAST_USE_GRAIN_MS = 600_000;
/** Maximum number of projects accepted from a token, the same as for a stored user; further claims are ignored. */
const CLAIMED_PROJECTS_MAX = 100;

export interface AuthenticatorOptions {
  readonly store: Store;
  readonly nowMs: () => number;
  readonly jwt: JwtOptions | undefined;
  /** Failed sign-ins allowed per address and minute; beyond them, the response is 429 instead of 401. */
  readonly failedSignInsPerMinute: number;
}

/** The signed-in principal, and deferred writes about the credential, such as its last use. */
export interface SignIn {
  readonly principal: Principal;
  readonly notes: readonly Write[];
}

interface Believed {
  readonly principal: Principal;
  readonly expiresAtMs: number;
}

type Holding = Believed & { readonly notes: readonly Write[] };

/**
 * Why a credential is rejected. `form`: its format is none of ours; `clock`: its signature is valid, but it has expired
 * or is not valid yet; `wrong`: anything else. `unknownId` is the id of a key that does not exist.
 */
type Refused =
  { readonly refused: 'form' | 'clock' } | { readonly refused: 'wrong'; readonly unknownId?: string | undefined };

type Verdict = Holding | Refused;

/** The ids that the row of a key or session has. */
interface Holder {
  readonly userId: string;
  readonly customerId: string;
}

/** The rows of a holder, as far as they exist. */
interface HolderRows {
  readonly user: Row<User> | undefined;
  readonly customer: Row<Customer> | undefined;
  readonly suspension: Row<Suspension> | undefined;
}

const WRONG: Refused = { refused: 'wrong' };
const NOT_OURS: Refused = { refused: 'form' };

/** Resolves credentials to principals. Secrets are compared by their SHA-256 in constant time and are never stored. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #jwt: JwtVerifier | undefined;
  readonly #failures: FailedSignIns;
  readonly #believed = new TtlCache<Believed>({ ttlMs: BELIEVED_MS, sizeMax: REMEMBERED_MAX });
  /** Hashes of credentials, and ids of keys, that were found invalid. */
  readonly #refused = new TtlCache<true>({ ttlMs: REFUSED_MS, sizeMax: REMEMBERED_MAX });
  /** Holders of keys and sessions, by the names of their rows. */
  readonly #holders = new TtlCache<Holder>({ ttlMs: HOLDER_MS, sizeMax: REMEMBERED_MAX });

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#jwt = options.jwt === undefined ? undefined : new JwtVerifier(options.jwt);
    this.#failures = new FailedSignIns({ store: options.store, perMinute: options.failedSignInsPerMinute });
  }

  /**
   * Verifies a credential before it looks at the address, so a valid one is never rejected because of earlier failures.
   * Throws `unauthenticated` for an invalid one, with the same text whatever is wrong with it, or `rate_limited` if its
   * address has failed too often.
   */
  async signIn(credential: Credential, address: string): Promise<SignIn> {
    if (credential.type === 'none')
      throw new Failure('unauthenticated', `No credential arrived. Send ${CREDENTIAL_PLACES}.`, {
        reason: 'credentials_missing',
      });
    if (credential.type === 'malformed')
      throw new Failure('unauthenticated', credential.why, { reason: 'credentials_malformed' });
    const nowMs = this.#options.nowMs();
    const fingerprint = sha256(credential.type === 'key' ? `${credential.id}\n${credential.secret}` : credential.token);
    const believed = this.#believed.get(fingerprint, nowMs);
    if (believed !== undefined && believed.expiresAtMs > nowMs) return { principal: believed.principal, notes: [] };
    const remembered = this.#isRefused(fingerprint, nowMs) || this.#isRefused(idOf(credential), nowMs);
    const verdict = remembered ? WRONG : await this.#verify(credential, nowMs);
    if ('principal' in verdict) {
      this.#believed.set(fingerprint, verdict, nowMs);
      return { principal: verdict.principal, notes: verdict.notes };
    }
    if (verdict.refused === 'wrong' && !remembered) this.#refused.set(verdict.unknownId ?? fingerprint, true, nowMs);
    // An expired token was issued to its bearer, so sending it is no attempt to guess a credential.
    if (verdict.refused !== 'clock')
      await this.#failures.add(address, { nowMs, cheap: remembered || verdict.refused === 'form' });
    const what = credential.type === 'key' ? 'A key' : 'A bearer token';
    throw new Failure('unauthenticated', `${what} arrived that is not valid, or has expired or been revoked.`, {
      reason: 'credentials_invalid',
    });
  }

  #isRefused(what: string, nowMs: number): boolean {
    return this.#refused.get(what, nowMs) !== undefined;
  }

  async #verify(credential: Exclude<Credential, { type: 'none' | 'malformed' }>, nowMs: number): Promise<Verdict> {
    if (credential.type === 'key') return this.#verifyKey(credential, nowMs);
    // Session tokens contain no dots, so a token in JWT format is treated as a JWT if an issuer is configured.
    if (this.#jwt !== undefined && JwtVerifier.looksLikeJwt(credential.token))
      return this.#verifyJwt(this.#jwt, credential.token, nowMs);
    return this.#verifySession(credential.token, nowMs);
  }

  async #verifyKey(credential: { readonly id: string; readonly secret: string }, nowMs: number): Promise<Verdict> {
    if (!API_KEY_ID.test(credential.id) || !API_KEY_SECRET.test(credential.secret)) return NOT_OURS;
    const { row, beside } = await this.#rowOf(ref(API_KEY, credential.id), nowMs);
    // Unknown keys are compared too, so that the response time does not reveal whether a key exists.
    const same = sameHash(sha256(credential.secret), row?.value.secretHash ?? UNKNOWN_HASH);
    if (row === undefined) return { refused: 'wrong', unknownId: credential.id };
    if (!same) return WRONG;
    const { value: key } = row;
    if (key.revokedAtMs !== null && key.revokedAtMs <= nowMs) return WRONG;
    if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) return WRONG;
    const expiresAtMs = soonest(key.expiresAtMs, key.revokedAtMs);
    const holder = await this.#holderOf(row, beside, nowMs);
    const principal = principalOf(holder, { type: 'key', id: key.id, ...ending(expiresAtMs) });
    return principal === undefined ? WRONG : { principal, expiresAtMs, notes: noteUse(row, nowMs) };
  }

  async #verifySession(token: string, nowMs: number): Promise<Verdict> {
    if (!SESSION_TOKEN.test(token)) return NOT_OURS;
    const id = sha256(token);
    const { row, beside } = await this.#rowOf(ref(SESSION, id), nowMs);
    if (row === undefined) return WRONG;
    const { value: session } = row;
    if (session.expiresAtMs <= nowMs || (session.revokedAtMs !== null && session.revokedAtMs <= nowMs)) return WRONG;
    const expiresAtMs = soonest(session.expiresAtMs, session.revokedAtMs);
    const credential = { type: 'session' as const, id: id.slice(0, 12), ...ending(expiresAtMs) };
    const principal = principalOf(await this.#holderOf(row, beside, nowMs), credential);
    return principal === undefined ? WRONG : { principal, expiresAtMs, notes: [] };
  }

  async #verifyJwt(jwt: JwtVerifier, token: string, nowMs: number): Promise<Verdict> {
    const verified = await jwt.verify(token, nowMs);
    if ('refused' in verified) return verified;
    const claimed = verified.projects.filter((id) => PROJECT_ID.test(id)).slice(0, CLAIMED_PROJECTS_MAX);
    const [[customer, suspension], projects] = await Promise.all([
      this.#options.store.getAll([ref(CUSTOMER, verified.customerId), ref(SUSPENSION, verified.customerId)]),
      this.#options.store.getAll(claimed.map((id) => ref(PROJECT, id))),
    ]);
    if (customer === undefined) return WRONG;
    const { expiresAtMs, ...rest } = verified;
    // Claimed projects that do not exist or belong to another customer are dropped without an error, which would reveal
    // them.
    const own = claimed.filter((_, index) => projects[index]?.value.customerId === verified.customerId);
    const credential = { ...rest.credential, ...ending(expiresAtMs) };
    const { tier } = customer.value;
    const principal = { ...rest, credential, projects: own, tier, ...suspensionIn(suspension) };
    return { principal, expiresAtMs, notes: [] };
  }

  /** Reads the row of a key or session and, if its holder is remembered, the holder's rows in the same round trip. */
  async #rowOf<T extends Holder>(
    target: Ref<T>,
    nowMs: number,
  ): Promise<{ readonly row: Row<T> | undefined; readonly beside: HolderRows | undefined }> {
    const holder = this.#holders.get(nameOf(target), nowMs);
    if (holder === undefined) return { row: await this.#options.store.get(target), beside: undefined };
    const [row, user, customer, suspension] = await this.#options.store.getAll([target, ...refsOf(holder)]);
    return { row, beside: { user, customer, suspension } };
  }

  /** Returns the rows of a holder: those that were read beside the credential, unless they are another holder's. */
  async #holderOf(row: Row<Holder>, beside: HolderRows | undefined, nowMs: number): Promise<HolderRows> {
    const { userId, customerId } = row.value;
    const known = this.#holders.get(nameOf(row), nowMs);
    if (beside !== undefined && known?.userId === userId && known.customerId === customerId) return beside;
    this.#holders.set(nameOf(row), { userId, customerId }, nowMs);
    const [user, customer, suspension] = await this.#options.store.getAll(refsOf(row.value));
    return { user, customer, suspension };
  }
}

function nameOf({ kind, id }: Ref<unknown>): string {
  return `${kind.name}/${id}`;
}

function refsOf({ userId, customerId }: Holder) {
  return [ref(USER, userId), ref(CUSTOMER, customerId), ref(SUSPENSION, customerId)] as const;
}

function principalOf(
  { user, customer, suspension }: HolderRows,
  credential: Principal['credential'],
): Principal | undefined {
  if (user === undefined || customer === undefined) return undefined;
  // A credential issued for one customer stays invalid after its user has moved to another.
  if (user.value.customerId !== customer.value.id) return undefined;
  return {
    userId: user.value.id,
    customerId: customer.value.id,
    projects: user.value.projects,
    groups: user.value.groups,
    roles: user.value.roles.filter((role): role is Role => (ROLES as readonly string[]).includes(role)),
    tier: customer.value.tier,
    ...suspensionIn(suspension),
    credential,
  };
}

function suspensionIn(row: Row<Suspension> | undefined): Pick<Principal, 'suspendedBecause'> {
  return row === undefined ? {} : { suspendedBecause: row.value.reason };
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

/** Returns the id under which unknown keys are cached; `""` for tokens, which have no id besides the secret. */
function idOf(credential: Credential): string {
  return credential.type === 'key' ? credential.id : '';
}

/** Returns the earliest of several times. A rotated key has a revocation in the future, which is its grace period. */
function soonest(...timesMs: readonly (number | null)[]): number {
  return Math.min(...timesMs.map((ms) => ms ?? Number.POSITIVE_INFINITY));
}

function ending(expiresAtMs: number): { readonly expiresAtMs?: number } {
  return Number.isFinite(expiresAtMs) ? { expiresAtMs } : {};
}

function noteUse(row: Row<ApiKey>, nowMs: number): readonly Write[] {
  const last = row.value.lastUsedAtMs ?? 0;
  return nowMs - last < LAST_USE_GRAIN_MS ? [] : [touch(row, 'lastUsedAtMs', nowMs, plainTime)];
}
