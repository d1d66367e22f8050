import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { EXPIRING_KINDS } from '#shared/datastore/kinds.ts';
import type { CompositeIndex } from '#shared/datastore/query.ts';
import { COMPUTE_PERMISSIONS, INSERT_PERMISSIONS } from '#shared/gce/permissions.ts';

/** Content of `infra/generated/datastore.json`: what Terraform creates in the database. */
export interface DatastoreLists {
  readonly indexes: readonly CompositeIndex[];
  readonly expiringKinds: readonly string[];
  /** Property with the expiry time, for the kinds' TTL policies. */
  readonly expiryProperty: string;
}

export function datastoreLists(): DatastoreLists {
  return { indexes: COMPOSITE_INDEXES, expiringKinds: EXPIRING_KINDS, expiryProperty: 'expireAt' };
}

/**
 * Content of `infra/generated/permissions.json`: the permissions that each call to Compute Engine needs, from which
 * Terraform makes one role.
 */
export interface PermissionLists {
  readonly compute: Readonly<Record<string, readonly string[]>>;
}

export function permissionLists(): PermissionLists {
  const ofBody = Object.values(INSERT_PERMISSIONS).flat();
  const calls = Object.entries(COMPUTE_PERMISSIONS).map(
    ([call, permissions]) => [call, call === 'instances.insert' ? [...permissions, ...ofBody] : permissions] as const,
  );
  return { compute: Object.fromEntries(calls) };
}
