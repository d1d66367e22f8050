import { ALL_IMAGES, ALL_SERVER_TYPES, ALL_TEMPLATES } from '#shared/datastore/queries.ts';
import type { Shape } from '#shared/datastore/query.ts';
import type { Store } from '#shared/datastore/store.ts';
import type { Image, ServerType } from '#shared/domain/catalog.ts';

/*
 * Instances of other families have no spec; the resource family shows them with Compute Engine's names of machine type
 * and image. What is read can be sent, so these names are accepted wherever the catalogue offers what they name.
 */

type Reader = Pick<Store, 'query'>;

/** Returns whether a text may be a machine type (`n1-standard-2`). */
function isMachineType(text: string): boolean {
  return /^[a-z][a-z0-9]*-[a-z0-9-]{1,60}$/.test(text);
}

/** Returns whether a text may be an image or image family (`projects/debian-cloud/global/images/family/debian-12`). */
function isImagePath(text: string): boolean {
  return /^(projects\/[^/]+\/)?global\/images\/.+$/.test(text);
}

/**
 * Finds the server type that has this machine type, or else makes one of the template that has it; `undefined` if the
 * catalogue offers the machine type to nobody of this customer.
 */
export async function serverTypeByCloudName(
  text: string,
  customerId: string,
  store: Reader,
): Promise<ServerType | undefined> {
  if (!isMachineType(text)) return undefined;
  const [types, templates] = await Promise.all([all(ALL_SERVER_TYPES, store), all(ALL_TEMPLATES, store)]);
  const type = usable(types, customerId).find(({ machineType }) => machineType === text);
  if (type !== undefined) return type;
  const template = templates.find(({ machineType }) => machineType === text);
  if (template === undefined) return undefined;
  const { diskSizeGb, diskType, accelerator, localSsds, discardLocalSsd } = template;
  const [series = ''] = text.split('-');
  // A template says nothing of CPUs and memory, so a spec cannot change only one of them.
  const size = { vcpus: 0, memoryMb: 0, diskSizeGb, diskType };
  return { id: text, customerId: '', machineType: text, series, ...size, accelerator, localSsds, discardLocalSsd };
}

/** Finds the catalogue's image with this path, or else makes one of the template that has it. */
export async function imageByCloudName(text: string, customerId: string, store: Reader): Promise<Image | undefined> {
  if (!isImagePath(text)) return undefined;
  const [images, templates] = await Promise.all([all(ALL_IMAGES, store), all(ALL_TEMPLATES, store)]);
  const image = usable(images, customerId).find((each) => each.image === text);
  if (image !== undefined) return image;
  const template = templates.find((each) => each.image === text);
  if (template === undefined) return undefined;
  const { loginUser, architecture, diskGbMin } = template;
  return { id: text, customerId: '', name: text, image: text, loginUser, architecture, diskGbMin };
}

/** Operators write the catalogue, so one page of this size holds a whole kind. */
const ROWS_MAX = 1_000;

async function all<T>(shape: Shape<T>, store: Reader): Promise<readonly T[]> {
  return (await store.query(shape, {}, { limit: ROWS_MAX })).rows.map(({ value }) => value);
}

function usable<T extends { readonly customerId: string }>(rows: readonly T[], customerId: string): readonly T[] {
  return rows.filter((row) => row.customerId === '' || row.customerId === customerId);
}
