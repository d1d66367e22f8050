/** What a request says about who sends it, before anything is verified. */
export type Credential =
  | { readonly type: 'none' }
  /** It cannot be right, whatever it is: half a pair, two kinds at once. `why` is safe to show. */
  | { readonly type: 'malformed'; readonly why: string }
  | { readonly type: 'bearer'; readonly token: string }
  | { readonly type: 'key'; readonly id: string; readonly secret: string };

export type Headers = Readonly<Record<string, string | undefined>>;

/** `ak_live_` and 16 characters, `_`, the secret: both halves of a key in one string. */
const ONE_STRING_KEY = /^(ak_live_[a-z0-9]{16})_(sk_[A-Za-z0-9_-]{20,128})$/;
/** The same key as the fleet family writes it. */
const FLEET_KEY = /^fkey_([a-z0-9]{16})_(sk_[A-Za-z0-9_-]{20,128})$/;

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i;

/** Longer values are not looked at: no credential of ours is. */
const KEY_LENGTH_MAX = 256;

/** Where a credential may be, in the order in which they are recommended. */
export const CREDENTIAL_PLACES = 'Authorization: Bearer <token>, or api-key with api-secret, or X-API-Key';

/**
 * Reads the credential of a request, in the same places in every family. Behind API Gateway the caller's `Authorization`
 * is in `X-Forwarded-Authorization`, which is trusted for nothing but the credential in it. `Authorization` is always the
 * gateway's own token, so it says nothing about the caller.
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
