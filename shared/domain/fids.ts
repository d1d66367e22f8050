/**
 * Prefixes of fids, the ids of the fleet family: a fid is a prefix for the kind of object and the id that the other
 * families use.
 */
export const FID_PREFIX = {
  instance: 'inst_',
  instanceType: 'it_',
  user: 'user_',
  volume: 'vol_',
  auction: 'auc_',
  imageVersion: 'imgver_',
  apiKey: 'apikey_',
} as const;

/** Names of VMs have at most 63 characters, and no other id is longer than this. */
const ID_LENGTH_MAX = 128;

export function instanceFid(id: string): string {
  return FID_PREFIX.instance + id;
}

export function instanceTypeFid(machineType: string): string {
  return FID_PREFIX.instanceType + machineType;
}

/** Converts an id of this kind to its fid. */
export function fidOf(kind: keyof typeof FID_PREFIX, id: string): string {
  return FID_PREFIX[kind] + id;
}

export function userFid(userId: string): string {
  return FID_PREFIX.user + userId;
}

/** Extracts the id from a fid; `undefined` for a text that is not a fid of this kind. */
export function idOf(kind: keyof typeof FID_PREFIX, fid: string): string | undefined {
  const prefix = FID_PREFIX[kind];
  if (!fid.startsWith(prefix)) return undefined;
  const id = fid.slice(prefix.length);
  return id === '' || id.length > ID_LENGTH_MAX ? undefined : id;
}
