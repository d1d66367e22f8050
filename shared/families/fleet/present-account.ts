import type { QuotasUsed } from '#shared/actions/read-quotas.ts';
import type { ApiKey, Project, User } from '#shared/datastore/account-rows.ts';
import { fidOf, userFid } from '#shared/domain/fids.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { type Tier, UNLIMITED } from '#shared/domain/tier.ts';
import { timestamp } from '../timestamp.ts';

/** Accounts have no e-mail addresses, but clients expect a text. */
const NO_EMAIL = '';
/** Shown as the expiry of keys that never expire, because clients expect a time. */
const NEVER_MS = Date.parse('9999-12-31T23:59:59Z');
/** Shown for an unlimited quota, because clients expect a number. */
const UNLIMITED_QUANTITY = 2_147_483_647;

const roleOf = ({ roles }: { readonly roles: readonly string[] }) =>
  roles.includes('compute_admin') ? 'administrator' : 'member';

const nameOf = (user: User | undefined) => (user === undefined || user.name === '' ? null : user.name);

export function presentMe(caller: Principal, user: User | undefined) {
  return {
    id: caller.userId,
    fid: userFid(caller.userId),
    email: NO_EMAIL,
    user_name: nameOf(user),
    organization_id: caller.customerId,
    organization_role: roleOf(caller),
  };
}

export function presentTeammate(user: User) {
  return {
    id: user.id,
    fid: userFid(user.id),
    user_name: nameOf(user),
    email: null,
    organization_role: roleOf(user),
    project_ids: user.projects,
    deactivated_at: null,
  };
}

export function presentProject({ id, name, createdAtMs }: Project) {
  return { fid: id, name, created_at: timestamp(createdAtMs) };
}

export function presentApiKey({ id, name, createdAtMs, expiresAtMs, revokedAtMs }: ApiKey) {
  const word = id.replace('ak_live_', '');
  return {
    fid: fidOf('apiKey', word),
    name,
    created_at: timestamp(createdAtMs),
    expires_at: timestamp(expiresAtMs ?? NEVER_MS),
    deactivated_at: revokedAtMs === null ? null : timestamp(revokedAtMs),
    snippet: `fkey_${word.slice(0, 4)}...`,
  };
}

/** Returns the customer's quotas for one of its projects. */
export function presentQuotas(project: string, { instances, volumeGb }: QuotasUsed, tier: Tier) {
  const quota = (product: string, limit: number, used: number, units: string) => ({
    fid: `quota_${product.toLowerCase()}`,
    project,
    instance_type: null,
    product_type: product,
    total_quantity: limit === UNLIMITED ? UNLIMITED_QUANTITY : limit,
    used_quantity: used,
    units,
    name: product === 'Instance' ? 'Instances at the same time' : 'GB of all volumes',
  });
  return [
    quota('Instance', tier.maxInstances, instances, 'instances'),
    quota('Volume', tier.maxVolumeGb, volumeGb, 'GB'),
  ];
}
