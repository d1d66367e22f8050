import { API_KEY, type ApiKey } from '#shared/datastore/account-rows.ts';
import { ALL_API_KEYS, API_KEYS_OF_USER } from '#shared/datastore/queries.ts';
import { insert, ref, replace, type Row } from '#shared/datastore/write.ts';
import { API_KEY_ID, API_KEY_SECRET } from '#shared/domain/credential-forms.ts';
import { changedMembers } from '#shared/domain/audit.ts';
import { apiKeyState } from '#shared/domain/credential-state.ts';
import { Failure } from '#shared/domain/failure.ts';
import { checkName } from './account-names.ts';
import { type AccountsContext, audited, type ListOptions, type ListPage } from './accounts-context.ts';
import { newApiKeyId, newApiKeySecret, secretHash } from './credential-text.ts';
import { listRows } from './list-rows.ts';
import { getUser } from './users.ts';

export interface NewApiKey {
  readonly userId: string;
  readonly name: string;
  /** Time from now until the key expires; `null`: it never expires. */
  readonly ttlMs: number | null;
  /** An existing key that is to be imported. Importing the same key again changes nothing. */
  readonly given?: { readonly id: string; readonly secret: string };
}

/** A key and its secret. The secret is not stored, so a user who loses it needs a new key. */
export interface IssuedApiKey {
  readonly row: ApiKey;
  readonly secret: string;
}

/** Creates a key. Throws `not_found` for an unknown user, `conflict` when a given id belongs to a different key. */
export async function createApiKey(context: AccountsContext, wanted: NewApiKey): Promise<IssuedApiKey> {
  checkName(wanted.name);
  const id = wanted.given?.id ?? newApiKeyId(context.random);
  const secret = wanted.given?.secret ?? newApiKeySecret(context.random);
  if (!API_KEY_ID.test(id) || !API_KEY_SECRET.test(secret)) {
    throw new Failure(
      'invalid_request',
      'A given key is ak_live_ and 16 of a-z and 0-9, its secret sk_ and 43 base64url characters.',
    );
  }
  const nowMs = context.clock.nowMs();
  return context.store.change(async () => {
    const [user, existing] = await Promise.all([getUser(context, wanted.userId), context.store.get(ref(API_KEY, id))]);
    if (existing !== undefined) {
      const { userId, secretHash: held } = existing.value;
      if (userId === wanted.userId && held === secretHash(secret)) {
        return { writes: [], result: { row: existing.value, secret } };
      }
      throw new Failure('conflict', `Key ${id} exists already, and is different.`, { reason: 'already_exists' });
    }
    const row: ApiKey = {
      id,
      userId: user.value.id,
      customerId: user.value.customerId,
      name: wanted.name,
      secretHash: secretHash(secret),
      createdAtMs: nowMs,
      expiresAtMs: wanted.ttlMs === null ? null : nowMs + wanted.ttlMs,
      revokedAtMs: null,
      lastUsedAtMs: null,
    };
    const entry = audited(context, { action: 'key.create', object: `key ${id}`, after: withoutHash(row) });
    return { writes: [insert(API_KEY, id, row), entry], result: { row, secret } };
  });
}

/** Lists all keys, or those of a user, sorted by id. */
export function listApiKeys(
  context: Pick<AccountsContext, 'store'>,
  options: ListOptions & { readonly userId?: string },
): Promise<ListPage<Row<ApiKey>>> {
  return listRows(context, { all: ALL_API_KEYS, only: API_KEYS_OF_USER }, options.userId, options);
}

/** Revokes a key; a key that was revoked before is left unchanged. Takes effect within a minute. Throws `not_found`. */
export async function revokeApiKey(context: AccountsContext, id: string): Promise<ApiKey> {
  const nowMs = context.clock.nowMs();
  return context.store.change(async () => {
    const row = await getApiKey(context, id);
    if (row.value.revokedAtMs !== null) return { writes: [], result: row.value };
    const value = { ...row.value, revokedAtMs: nowMs };
    const entry = audited(context, {
      action: 'key.revoke',
      object: `key ${id}`,
      ...changedMembers(withoutHash(row.value), withoutHash(value)),
    });
    return { writes: [replace(row, value), entry], result: value };
  });
}

export interface Rotation {
  /** How long the old key stays valid. */
  readonly graceMs: number;
  /** Lifetime of the new key; by default that of the old one. */
  readonly ttlMs?: number | null;
}

/**
 * Replaces a key by a new one. The old key stays valid for the grace period, but not beyond its own expiry.
 *
 * Throws `not_found`, and `conflict` for a key that is expired or revoked.
 */
export async function rotateApiKey(
  context: AccountsContext,
  id: string,
  rotation: Rotation,
): Promise<IssuedApiKey & { readonly previous: ApiKey }> {
  const newId = newApiKeyId(context.random);
  const secret = newApiKeySecret(context.random);
  const nowMs = context.clock.nowMs();
  return context.store.change(async () => {
    const old = await getApiKey(context, id);
    const state = apiKeyState(old.value, nowMs);
    if (state !== 'valid') throw new Failure('conflict', `Key ${id} is ${state}; make a new one.`, { reason: state });
    // A key of a user who was deleted must not be replaced.
    await getUser(context, old.value.userId);

    const { expiresAtMs, createdAtMs } = old.value;
    const ttlMs =
      rotation.ttlMs ?? (rotation.ttlMs === null || expiresAtMs === null ? null : expiresAtMs - createdAtMs);
    const row: ApiKey = {
      ...old.value,
      id: newId,
      secretHash: secretHash(secret),
      createdAtMs: nowMs,
      expiresAtMs: ttlMs === null ? null : nowMs + ttlMs,
      lastUsedAtMs: null,
    };
    const previous = { ...old.value, expiresAtMs: Math.min(expiresAtMs ?? Infinity, nowMs + rotation.graceMs) };
    const entry = audited(context, {
      action: 'key.rotate',
      object: `key ${id}`,
      before: withoutHash(old.value),
      after: { ...withoutHash(previous), successor: withoutHash(row) },
    });
    return {
      writes: [insert(API_KEY, newId, row), replace(old, previous), entry],
      result: { row, secret, previous },
    };
  });
}

/** Returns a key without its hash, for output and audit entries. */
export function withoutHash(key: ApiKey): Omit<ApiKey, 'secretHash'> {
  const shown: { -readonly [Member in keyof ApiKey]?: ApiKey[Member] } = { ...key };
  delete shown.secretHash;
  return shown as Omit<ApiKey, 'secretHash'>;
}

async function getApiKey(context: Pick<AccountsContext, 'store'>, id: string): Promise<Row<ApiKey>> {
  if (!API_KEY_ID.test(id)) {
    // The input is not repeated in the message, because it may contain the secret.
    throw new Failure('invalid_request', "A key's id is ak_live_ and 16 of a-z and 0-9, without its secret.");
  }
  const row = await context.store.get(ref(API_KEY, id));
  if (row === undefined) throw new Failure('not_found', `There is no key ${id}.`, { reason: 'unknown_key' });
  return row;
}
