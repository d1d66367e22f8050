import type { AccountsContext } from '#shared/accounts/accounts-context.ts';
import { createApiKey, type IssuedApiKey, listApiKeys, revokeApiKey } from '#shared/accounts/api-keys.ts';
import { API_KEY, type ApiKey } from '#shared/datastore/account-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

interface Asking {
  readonly caller: Principal;
}

type KeyTools = Pick<Tools, 'store' | 'nowMs' | 'random'>;

/** Maximum number of keys listed per user, including revoked ones. */
const KEYS_MAX = 200;
const KEY_ID = 'ak_live_';

/** Lists the caller's own keys, newest first. */
export async function listOwnApiKeys({ caller }: Asking, { store }: Pick<Tools, 'store'>): Promise<readonly ApiKey[]> {
  const { items } = await listApiKeys({ store }, { userId: caller.userId, limit: KEYS_MAX });
  return items.map(({ value }) => value).sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1));
}

export interface OwnKeyRequest extends Asking {
  readonly requestId: string;
}

/** Creates a key for the caller. Throws `invalid_request` for an expiry in the past. */
export async function createOwnApiKey(
  { caller, requestId, name, expiresAtMs }: OwnKeyRequest & { readonly name: string; readonly expiresAtMs: number },
  tools: KeyTools,
): Promise<IssuedApiKey> {
  const ttlMs = expiresAtMs - tools.nowMs();
  if (!(ttlMs > 0)) {
    throw new Failure('invalid_request', 'The request is not valid: expires_at must be a time in the future.', {
      fields: [{ place: 'body', pointer: '/expires_at', message: 'must be a time in the future', rule: 'minimum' }],
    });
  }
  const keys = await listOwnApiKeys({ caller }, tools);
  if (keys.length >= KEYS_MAX) {
    throw new Failure('quota_exceeded', `A user has at most ${KEYS_MAX} keys.`, { reason: 'too_many_api_keys' });
  }
  return createApiKey(accountsOf({ caller, requestId }, tools), { userId: caller.userId, name, ttlMs });
}

/**
 * Revokes a key of the caller; functions stop accepting it within seconds. Throws the same `not_found` for a key of
 * another user and for one that does not exist.
 */
export async function deleteOwnApiKey(
  { caller, requestId, fid }: OwnKeyRequest & { readonly fid: string },
  tools: KeyTools,
): Promise<void> {
  const id = KEY_ID + (idOf('apiKey', fid) ?? '');
  const row = await tools.store.get(ref(API_KEY, id));
  if (row?.value.userId !== caller.userId || row.value.revokedAtMs !== null) {
    throw new Failure('not_found', 'API key not found.', { reason: 'api_key_not_found' });
  }
  await revokeApiKey(accountsOf({ caller, requestId }, tools), id);
}

function accountsOf({ caller, requestId }: OwnKeyRequest, { store, nowMs, random }: KeyTools): AccountsContext {
  return {
    store,
    clock: { nowMs },
    random: (bytes) => Buffer.from(random.hex(bytes), 'hex'),
    by: { actor: { type: 'principal', id: caller.userId }, requestId },
  };
}
