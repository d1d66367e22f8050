/** The credential that a request carries, before it is verified. */
export type Credential =
  | { readonly type: 'none' }
  /** Half a pair, or two kinds at once; cannot be valid. `why` is safe to show to the caller. */
  | { readonly type: 'malformed'; readonly why: string }
  | { readonly type: 'bearer'; readonly token: string }
  | { readonly type: 'key'; readonly id: string; readonly secret: string };

export type Headers = Readonly<Record<string, string | undefined>>;

/** A key as one string: the id `ak_live_` and 16 characters, then `_` and the secret. */
const ONE_STRING_KEY = /^(ak_live_[a-z0-9]{16})_(sk_[A-Za-z0-9_-]{20,128})$/;
/** The same key in the format of the fleet family. */
const FLEET_KEY = /^fkey_([a-z0-9]{16})_(sk_[A-Za-z0-9_-]{20,128})$/;

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i;

/** Longer values are rejected without being parsed, because none of our credentials is longer. */
const KEY_LENGTH_MAX = 256;

/** The headers that can carry a credential, in recommended order, for error messages. */
export const CREDENTIAL_PLACES = 'Authorization: Bearer <token>, or api-key with api-secret, or X-API-Key';

/**
 * Reads the credential of a request; all families accept the same headers. Behind API Gateway, `Authorization` is the
 * gateway's own token, and the caller's original header is in `X-Forwarded-Authorization`. That header is used for
 * nothing but its credential, which is then verified.
 */
export function readCredential(headers: Headers): Credential {
  const authorization = headers['x-forwarded-authorization'];
  const id = headers['api-key'];
  const secret = headers['api-secret'];
  const oneString = headers['x-api-key'];
  const arrived = Object.entries({
    Authorization: authorization,
    'api-key': id,
    'api-secret': secret,
    'X-API-Key': oneString,
  })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (arrived.length === 0) return { type: 'none' };
  const isPair = id !== undefined || secret !== undefined;
  const kinds = [authorization !== undefined, isPair, oneString !== undefined].filter(Boolean).length;
  if (kinds > 1)
    return { type: 'malformed', why: `Several kinds of credential arrived: ${arrived.join(', ')}. Send one of them.` };
  if (authorization !== undefined) return readBearer(authorization);
  if (oneString !== undefined) return readOneString(oneString) ?? malformedKey('X-API-Key');
  if (id === undefined || id === '') return { type: 'malformed', why: half('api-secret', 'api-key') };
  if (secret === undefined || secret === '') return { type: 'malformed', why: half('api-key', 'api-secret') };
  if (id.length > KEY_LENGTH_MAX || secret.length > KEY_LENGTH_MAX) return malformedKey('api-key with api-secret');
  return { type: 'key', id, secret };
}

function half(arrived: string, missing: string): string {
  return `${arrived} arrived without ${missing}. Send both, or another credential.`;
}

function readBearer(authorization: string): Credential {
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) return { type: 'malformed', why: 'Authorization arrived and is not "Bearer <token>".' };
  return readOneString(token) ?? { type: 'bearer', token };
}

function readOneString(text: string): Credential | undefined {
  const [, id, secret] = ONE_STRING_KEY.exec(text) ?? [];
  if (id !== undefined && secret !== undefined) return { type: 'key', id, secret };
  const [, tail, fleetSecret] = FLEET_KEY.exec(text) ?? [];
  if (tail !== undefined && fleetSecret !== undefined)
    return { type: 'key', id: `ak_live_${tail}`, secret: fleetSecret };
  return undefined;
}

function malformedKey(place: string): Credential {
  return { type: 'malformed', why: `${place} arrived and does not have the form of a key of this service.` };
}
