import { VOLUME_NAME, volumeNameId } from '#shared/datastore/volume-rows.ts';
import { insert, ref, remove, replace, type Write } from '#shared/datastore/write.ts';
import { nameTaken, type Volume } from '#shared/domain/volume.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { readOwnVolume, type VolumeRequest } from './read-volume.ts';

/**
 * Renames a volume. On a VM that uses the disk, the device keeps its name. Throws `not_found`, and `conflict` for a
 * taken name.
 */
export async function renameVolume(
  { caller, fid, name }: VolumeRequest & { readonly name: string },
  { store }: Pick<Tools, 'store'>,
): Promise<Volume> {
  return store.change<Volume>(async () => {
    const row = await readOwnVolume({ caller, fid }, store);
    const { value: volume } = row;
    if (volume.name === name) return { writes: [], result: volume };
    const renamed: Volume = { ...volume, name };
    const [old, taken] = await store.getAll([
      ref(VOLUME_NAME, volumeNameId(volume)),
      ref(VOLUME_NAME, volumeNameId(renamed)),
    ]);
    if (taken !== undefined) throw nameTaken(renamed);
    const writes: Write[] = [
      insert(VOLUME_NAME, volumeNameId(renamed), { volumeId: row.id }),
      replace(row, renamed),
      ...(old === undefined ? [] : [remove(old)]),
    ];
    return { writes, result: renamed };
  });
}
