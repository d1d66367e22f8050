import type { JWTVerifyGetKey } from 'jose';
import { Failure } from '#shared/domain/failure.ts';
import { ROLES, type Principal, type Role } from '#shared/domain/principal.ts';

export interface JwtOptions {
  readonly issuer: string;
  readonly audience: string;
  /** Where the issuer's keys are (JWKS). */
  readonly jwksUri: string;
}

/** A verified token, without the tier, which is the customer's. `projects` are claims, which nobody has checked. */
export type JwtPrincipal = Omit<Principal, 'tier'> & { readonly expiresAtMs: number };

/** `clock`: signature, issuer and audience hold, but the token has expired or is not valid yet. */
export interface JwtRefused {
  readonly refused: 'clock' | 'wrong';
}

/** How far the issuer's clock and ours may be apart: clocks that are set by NTP differ by less. */
const CLOCK_LEEWAY_SECONDS = 5;

/** Three base64url parts: nothing else is worth a look at the keys. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** As long as ids of customers are; a longer one could not be the name of a row. */
const CUSTOMER_ID_LENGTH_MAX = 128;
const WRONG: JwtRefused = { refused: 'wrong' };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Signed tokens of one issuer: signature by its JWKS, `iss`, `aud`, `exp` and `nbf` with a few seconds of leeway. Claims: `sub` (UUID of the user),
 * `customer_id`, `projects`, `groups`, `roles` (lists of text). A token without user or customer is not accepted.
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

  /** Throws `unavailable` when the issuer's keys cannot be had. */
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

  /** Loaded at the first token: most deployments have no issuer, and a cold start should not pay for it. */
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
        // Signatures only: a symmetric algorithm would make the public keys a shared secret.
        algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
      });
      return payload;
    };
  }
}

/** What looking for a key can say about the token; everything else is about the key set, whatever jose calls it. */
const NO_KEY_FOR_IT: ReadonlySet<string> = new Set([
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
  'ERR_JOSE_NOT_SUPPORTED',
]);

/** A token must not be called wrong because the keys could not be had: its bearer would be sent away for good. */
function refuseOrGiveUp(thrown: unknown): never {
  if (NO_KEY_FOR_IT.has(joseCode(thrown))) throw thrown;
  throw new Failure('unavailable', 'Tokens cannot be checked right now. Please try again.', {
    reason: 'issuer_unavailable',
    retryAfterSeconds: 5,
    cause: thrown,
  });
}

/** jose's errors about the token itself. */
function isVerdict(thrown: unknown): boolean {
  return joseCode(thrown).startsWith('ERR_J');
}

/** jose judges times last, so everything else about such a token holds. */
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
