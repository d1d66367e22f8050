import type { PublicFamily } from './data/images.ts';
import { PUBLIC_FAMILIES } from './data/images.ts';
import { invalidField, notFound, unknownReference } from './compute-error.ts';
import { parseResourceName } from './resource-names.ts';

/** An image: its own name, and the family that it was found by or belongs to. */
export interface FoundImage extends PublicFamily {
  readonly name: string;
}

/** The newest ACTIVE image of a family. A deprecated family has none, and so is as unknown as one that never was. */
export function findFamily(project: string, family: string): FoundImage | undefined {
  const found = PUBLIC_FAMILIES.find((line) => line.project === project && line.family === family);
  return found?.state === 'ACTIVE' ? { ...found, name: found.newest } : undefined;
}

/** The image of a name, deprecated or not. */
export function findImage(project: string, name: string): FoundImage | undefined {
  const found = PUBLIC_FAMILIES.find((line) => line.project === project && line.names.test(name));
  return found === undefined ? undefined : { ...found, name };
}

/** What a reference names: `projects/P/global/images/family/F` or `…/images/NAME`; `undefined` when it is malformed. */
export function parseImageReference(reference: string, project: string) {
  const resourceName = parseResourceName(reference, project);
  const match = /^projects\/([^/]+)\/global\/images\/(family\/)?([^/]+)$/.exec(resourceName);
  const [, owner, family, name] = match ?? [];
  if (owner === undefined || name === undefined) return undefined;
  return { resourceName, owner, name, isFamily: family !== undefined };
}

/**
 * Finds the image of a boot disk. Only Google's public images exist, since nothing here can make a private one. Throws
 * Compute Engine's 400 for a malformed reference and for an unknown image (bdutil, karpenter-provider-gcp), its 404 for a
 * family that has no image (terraform-google-lb-http#512, terraform-provider-google#12221).
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
