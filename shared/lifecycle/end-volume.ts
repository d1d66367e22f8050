import { VOLUME, VOLUME_NAME, VOLUME_USAGE, volumeNameId } from '#shared/datastore/volume-rows.ts';
import { Conflict, ref, remove, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { releaseGb } from '#shared/domain/quota.ts';
import { isLive, type Volume } from '#shared/domain/volume.ts';
import type { VolumeTools } from './volume-tools.ts';

export interface VolumeEnd {
  /** `deleted` for a volume that its owner has seen; `failed` for one whose creation failed before that. */
  readonly state: 'deleted' | 'failed';
  /** Throws when the volume must not end; called with the row that the commit replaces. */
  readonly check?: (volume: Volume) => void;
  /** The row by which the end was decided. Throws `Conflict` when it has changed since. */
  readonly decidedBy?: Row<Volume>;
}

/**
 * Ends a volume in one commit: frees its name and quota and removes it from the lists. The row is kept until the disk
 * is gone. Returns the row as it was before; `undefined` when no live volume has this id.
 */
export async function endVolume(
  id: string,
  { state, check, decidedBy }: VolumeEnd,
  { store, nowMs }: Pick<VolumeTools, 'store' | 'nowMs'>,
): Promise<Row<Volume> | undefined> {
  return store.change<Row<Volume> | undefined>(async () => {
    const row = await store.get(ref(VOLUME, id));
    if (row === undefined || !isLive(row.value)) return { writes: [], result: undefined };
    if (decidedBy !== undefined && row.version !== decidedBy.version) throw new Conflict(`volume ${id}`);
    const { value: volume } = row;
    check?.(volume);
    const [usage, name] = await store.getAll([
      ref(VOLUME_USAGE, volume.customerId),
      ref(VOLUME_NAME, volumeNameId(volume)),
    ]);
    const atMs = nowMs();
    const ended: Volume = { ...volume, state, deletedAtMs: atMs, use: null, attempts: 0, checkAtMs: atMs };
    const writes: Write[] = [replace(row, ended)];
    if (usage !== undefined) writes.push(replace(usage, { gb: releaseGb(usage.value.gb, volume.sizeGb) }));
    if (name?.value.volumeId === id) writes.push(remove(name));
    return { writes, result: row };
  });
}
