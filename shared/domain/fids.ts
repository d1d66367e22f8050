/**
 * Ids as the fleet family writes them: a prefix that says what it is, and the one id. Both ways, without a table: an
 * instance has the same id in every family.
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

/** No name of a VM is longer than 63 characters, and no other id of ours longer than this. */
const ID_LENGTH_MAX = 128;

export function instanceFid(id: string): string {
  return FID_PREFIX.instance + id;
}

export function instanceTypeFid(machineType: string): string {
  return FID_PREFIX.instanceType + machineType;
}

/** The fid of an id of that kind. */
export function fidOf(kind: keyof typeof FID_PREFIX, id: string): string {
  return FID_PREFIX[kind] + id;
}

export function userFid(userId: string): string {
  return FID_PREFIX.user + userId;
}

/** The id inside a fid; `undefined` for a text that is no fid of that kind, and so names nothing. */
export function idOf(kind: keyof typeof FID_PREFIX, fid: string): string | undefined {
  const prefix = FID_PREFIX[kind];
  if (!fid.startsWith(prefix)) return undefined;
  const id = fid.slice(prefix.length);
  return id === '' || id.length > ID_LENGTH_MAX ? undefined : id;
}
