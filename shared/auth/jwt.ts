import type { JWTVerifyGetKey } from 'jose';
import { Failure } from '#shared/domain/failure.ts';
import { ROLES, type Principal, type Role } from '#shared/domain/principal.ts';

export interface JwtOptions {
  readonly issuer: string;
  readonly audience: string;
  /** URL of the issuer's public keys (JWKS). */
  readonly jwksUri: string;
}

/** The principal of a verified token. The tier comes from the customer; `projects` are unverified claims. */
export type JwtPrincipal = Omit<Principal, 'tier'> & { readonly expiresAtMs: number };

/**
 * `clock`: signature, issuer and audience are valid, but the token has expired or is not valid yet. `wrong`: anything
 * else.
 */
export interface JwtRefused {
  readonly refused: 'clock' | 'wrong';
}

/** Tolerated difference between the issuer's clock and ours; clocks set by NTP differ by less. */
const CLOCK_LEEWAY_SECONDS = 5;

/** Three base64url parts; tokens of another format are not verified against the keys. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** Maximum length of customer ids; a longer one cannot be a row's key. */
const CUSTOMER_ID_LENGTH_MAX = 128;
const WRONG: JwtRefused = { refused: 'wrong' };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Verifies signed tokens of one issuer: the signature by its JWKS, `iss`, `aud`, and `exp` and `nbf` with a few seconds
 * of leeway. Claims: `sub` (UUID of the user), `customer_id`, and the lists `projects`, `groups` and `roles`. A token
 * without user or customer is rejected.
 */
export class JwtVerifier {
  readonly #options: JwtOptions;
  #verify: ((token: string, nowMs: number) => Promise<Readonly<Record<string, unknown>>>) | undefined;

  constructor(options: JwtOptions) {
    this.#options = options;
  }

  static looksLikeJwt(token: string): boolean {
    return JWT.test(token);
  }

  /** Verifies a token. Throws `unavailable` when the issuer's keys cannot be fetched. */
  async verify(token: string, nowMs: number): Promise<JwtPrincipal | JwtRefused> {
    this.#verify ??= await this.#load();
    let claims: Readonly<Record<string, unknown>>;
    try {
      claims = await this.#verify(token, nowMs);
    } catch (thrown) {
      if (thrown instanceof Failure || !isVerdict(thrown)) throw thrown;
      return isOfClock(thrown) ? { refused: 'clock' } : WRONG;
    }
    const { sub, customer_id: customerId, exp } = claims;
    if (typeof sub !== 'string' || !UUID.test(sub)) return WRONG;
    if (typeof customerId !== 'string' || typeof exp !== 'number') return WRONG;
    if (customerId === '' || customerId.length > CUSTOMER_ID_LENGTH_MAX) return WRONG;
    return {
      userId: sub.toLowerCase(),
      customerId,
      projects: texts(claims['projects']),
      groups: texts(claims['groups']),
      roles: texts(claims['roles']).filter((role): role is Role => (ROLES as readonly string[]).includes(role)),
      credential: { type: 'jwt', id: typeof claims['jti'] === 'string' ? claims['jti'].slice(0, 128) : sub },
      expiresAtMs: (exp + CLOCK_LEEWAY_SECONDS) * 1000,
    };
  }

  /** Loads `jose` at the first token: most deployments have no issuer, so cold starts should not load the library. */
  async #load(): Promise<(token: string, nowMs: number) => Promise<Readonly<Record<string, unknown>>>> {
    const { createRemoteJWKSet, jwtVerify } = await import('jose');
    const remote = createRemoteJWKSet(new URL(this.#options.jwksUri), { timeoutDuration: 3_000 });
    const keys: JWTVerifyGetKey = (header, token) => remote(header, token).catch(refuseOrGiveUp);
    return async (token, nowMs) => {
      const { payload } = await jwtVerify(token, keys, {
        issuer: this.#options.issuer,
        audience: this.#options.audience,
        currentDate: new Date(nowMs),
        clockTolerance: CLOCK_LEEWAY_SECONDS,
        requiredClaims: ['exp', 'sub'],
        // Only asymmetric algorithms: with a symmetric one, anyone could sign with the public key as the shared secret.
        algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
      });
      return payload;
    };
  }
}

/** Errors of the key look-up that mean the token is wrong; all others mean that the key set could not be used. */
const NO_KEY_FOR_IT: ReadonlySet<string> = new Set([
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
  'ERR_JOSE_NOT_SUPPORTED',
]);

/** Throws `unavailable` unless the token itself is wrong: without the keys, a valid token must not be rejected. */
function refuseOrGiveUp(thrown: unknown): never {
  if (NO_KEY_FOR_IT.has(joseCode(thrown))) throw thrown;
  throw new Failure('unavailable', 'Tokens cannot be checked right now. Please try again.', {
    reason: 'issuer_unavailable',
    retryAfterSeconds: 5,
    cause: thrown,
  });
}

/** Returns whether the error is jose's verdict about the token itself. */
function isVerdict(thrown: unknown): boolean {
  return joseCode(thrown).startsWith('ERR_J');
}

/**
 * Returns whether only the token's times are invalid. jose checks times last, so everything else about the token is
 * valid.
 */
function isOfClock(thrown: unknown): boolean {
  if (joseCode(thrown) === 'ERR_JWT_EXPIRED') return true;
  return (
    joseCode(thrown) === 'ERR_JWT_CLAIM_VALIDATION_FAILED' &&
    memberOf(thrown, 'claim') === 'nbf' &&
    memberOf(thrown, 'reason') === 'check_failed'
  );
}

function joseCode(thrown: unknown): string {
  return memberOf(thrown, 'code');
}

function memberOf(thrown: unknown, name: string): string {
  const member: unknown = thrown instanceof Error ? Reflect.get(thrown, name) : '';
  return typeof member === 'string' ? member : '';
}

function texts(claim: unknown): readonly string[] {
  return Array.isArray(claim) ? claim.filter((item): item is string => typeof item === 'string') : [];
}
