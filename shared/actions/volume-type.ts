import { VOLUME_TYPE } from '#shared/datastore/catalog-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { VolumeType } from '#shared/domain/catalog.ts';
import { Failure, type InvalidField } from '#shared/domain/failure.ts';
import type { VolumeWish } from '#shared/domain/volume.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type OfferCatalog, readLaunchZones } from './launch-catalog.ts';

/** The values that callers send. */
export type VolumeInterface = 'Block' | 'File';

/**
 * Returns the volume type for an interface. Throws one `unprocessable` that names everything impossible: an interface
 * that is not offered, a region without machines, or a size that such a disk cannot have.
 */
export async function volumeTypeFor(
  diskInterface: VolumeInterface,
  { zone, sizeGb, customerId }: Pick<VolumeWish, 'zone' | 'sizeGb'> & { readonly customerId: string },
  { store, catalog }: Pick<Tools, 'store'> & { readonly catalog: OfferCatalog },
): Promise<VolumeType> {
  const [row, zones] = await Promise.all([
    store.get(ref(VOLUME_TYPE, 'block')),
    readLaunchZones({ customerId }, { catalog }),
  ]);
  const type = diskInterface === 'Block' ? row?.value : undefined;
  const fields: InvalidField[] = [];
  if (type === undefined) fields.push(wrong('disk_interface', `${diskInterface} volumes are not offered`));
  if (!zones.includes(zone)) fields.push(wrong('region', `must be one of ${zones.join(', ')}`));
  if (type !== undefined && (sizeGb < type.minGb || sizeGb > type.maxGb)) {
    fields.push(wrong('size_gb', `must be from ${type.minGb} to ${type.maxGb}`));
  }
  if (fields.length === 0 && type !== undefined) return type;
  const text = fields.map(({ pointer, message }) => `${pointer.slice(1)}: ${message}`).join('; ');
  throw new Failure('unprocessable', `Such a volume cannot be had: ${text}.`, {
    reason: 'volume_not_possible',
    fields,
  });
}

function wrong(member: string, message: string): InvalidField {
  return { place: 'body', pointer: `/${member}`, message, rule: 'catalog' };
}
