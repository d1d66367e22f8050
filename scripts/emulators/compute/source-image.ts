import type { PublicFamily } from './data/images.ts';
import { PUBLIC_FAMILIES } from './data/images.ts';
import { invalidField, notFound, unknownReference } from './compute-error.ts';
import { parseResourceName } from './resource-names.ts';

/** An image: its own name, and the family that it belongs to. */
export interface FoundImage extends PublicFamily {
  readonly name: string;
}

/** Returns the newest ACTIVE image of a family. A deprecated family has none and is reported like an unknown one. */
export function findFamily(project: string, family: string): FoundImage | undefined {
  const found = PUBLIC_FAMILIES.find((line) => line.project === project && line.family === family);
  return found?.state === 'ACTIVE' ? { ...found, name: found.newest } : undefined;
}

/** Returns the image of this name, deprecated or not. */
export function findImage(project: string, name: string): FoundImage | undefined {
  const found = PUBLIC_FAMILIES.find((line) => line.project === project && line.names.test(name));
  return found === undefined ? undefined : { ...found, name };
}

/**
 * Parses a reference to an image: `projects/P/global/images/family/F` or `…/images/NAME`; `undefined` if it is
 * malformed.
 */
export function parseImageReference(reference: string, project: string) {
  const resourceName = parseResourceName(reference, project);
  const match = /^projects\/([^/]+)\/global\/images\/(family\/)?([^/]+)$/.exec(resourceName);
  const [, owner, family, name] = match ?? [];
  if (owner === undefined || name === undefined) return undefined;
  return { resourceName, owner, name, isFamily: family !== undefined };
}

/**
 * Finds the image of a boot disk. Only Google's public images exist, because the emulator cannot create private ones.
 * Throws Compute Engine's 400 for a malformed reference and for an unknown image (bdutil, karpenter-provider-gcp), and
 * its 404 for a family without an image (terraform-google-lb-http#512, terraform-provider-google#12221).
 */
export function findSourceImage(reference: string, project: string, field: string): FoundImage {
  const parsed = parseImageReference(reference, project);
  if (parsed === undefined) throw invalidField(field, reference, 'The URL is malformed.');
  if (parsed.isFamily) {
    const family = findFamily(parsed.owner, parsed.name);
    if (family === undefined) throw notFound(parsed.resourceName);
    return family;
  }
  const image = findImage(parsed.owner, parsed.name);
  if (image === undefined) throw unknownReference(field, reference, 'image');
  return image;
}
