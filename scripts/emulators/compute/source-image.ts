import { invalidField, notFound } from './compute-error.ts';
import { parseResourceName } from './resource-names.ts';

interface PublicImages {
  readonly families: RegExp;
  readonly names: RegExp;
  readonly licence: string;
  readonly diskGb: number;
}

/** Public images by the project that publishes them: the families, and names as `NAME-vYYYYMMDD`. */
const PUBLIC_IMAGES: Readonly<Record<string, PublicImages>> = {
  'debian-cloud': {
    families: /^debian-(10|11|12|13)(-arm64)?$/,
    names: /^debian-(10-buster|11-bullseye|12-bookworm|13-trixie)(-arm64)?-v\d{8}$/,
    licence: 'debian',
    diskGb: 10,
  },
  'ubuntu-os-cloud': {
    families: /^ubuntu-(minimal-)?(1604|1804|2004|2204|2404)-lts(-amd64|-arm64)?$/,
    names:
      /^ubuntu-(minimal-)?(1604-xenial|1804-bionic|2004-focal|2204-jammy|2404-noble)(-amd64|-arm64)?-v\d{8}[a-z]?$/,
    licence: 'ubuntu',
    diskGb: 10,
  },
  'cos-cloud': { families: /^cos-(stable|beta|dev|\d+-lts)$/, names: /^cos-[a-z0-9-]+$/, licence: 'cos', diskGb: 10 },
  'rocky-linux-cloud': {
    families: /^rocky-linux-(8|9|10)(-optimized-gcp)?(-arm64)?$/,
    names: /^rocky-linux-(8|9|10)(-optimized-gcp)?(-arm64)?-v\d{8}$/,
    licence: 'rocky-linux',
    diskGb: 20,
  },
  'centos-cloud': {
    families: /^centos-(7|stream-8|stream-9|stream-10)$/,
    names: /^centos-(7|stream-8|stream-9|stream-10)-v\d{8}$/,
    licence: 'centos',
    diskGb: 20,
  },
  'rhel-cloud': { families: /^rhel-(7|8|9|10)$/, names: /^rhel-(7|8|9|10)-v\d{8}$/, licence: 'rhel', diskGb: 20 },
  'suse-cloud': { families: /^sles-(12|15)$/, names: /^sles-(12|15)[a-z0-9-]*-v\d{8}$/, licence: 'sles', diskGb: 10 },
  'fedora-cloud': {
    families: /^fedora-cloud-\d\d(-x86-64)?$/,
    names: /^fedora-cloud-[a-z0-9-]+$/,
    licence: 'fedora',
    diskGb: 10,
  },
  'windows-cloud': {
    families: /^windows-(2016|2019|2022|2025)(-core)?$/,
    names: /^windows-server-(2016|2019|2022|2025)-dc(-core)?-v\d{8}$/,
    licence: 'windows-server',
    diskGb: 50,
  },
};

/** What a disk inherits from the image it is made of. */
export interface SourceImage {
  readonly licence: string;
  readonly diskGb: number;
  readonly architecture: 'X86_64' | 'ARM64';
}

/**
 * Finds the image of a boot disk. Only Google's public images exist, since nothing here can make a private one. Throws
 * Compute Engine's 400 for a malformed reference and its 404 for an unknown image.
 */
export function findSourceImage(reference: string, project: string, field: string): SourceImage {
  const resourceName = parseResourceName(reference, project);
  const match = /^projects\/([^/]+)\/global\/images\/(family\/)?([^/]+)$/.exec(resourceName);
  const [, owner, family, name] = match ?? [];
  if (owner === undefined || name === undefined) throw invalidField(field, reference, 'The URL is malformed.');
  const images = Object.hasOwn(PUBLIC_IMAGES, owner) ? PUBLIC_IMAGES[owner] : undefined;
  const known = family === undefined ? images?.names : images?.families;
  if (images === undefined || known?.test(name) !== true) throw notFound(resourceName);
  return {
    licence: `projects/${owner}/global/licenses/${images.licence}`,
    diskGb: images.diskGb,
    architecture: name.includes('arm64') ? 'ARM64' : 'X86_64',
  };
}
