import type { Architecture, ImageTraits } from './catalog.ts';

/** What is known of an image. */
export interface ImageFacts {
  /** `undefined`: not known. */
  readonly architecture: Architecture | undefined;
  /** Size of the smallest boot disk in GB; 0: not known. */
  readonly diskGbMin: number;
}

/** Size in GB of the images in Google's projects of public images (https://docs.cloud.google.com/compute/docs/images/os-details). */
const PUBLIC_PROJECTS: Readonly<Record<string, number>> = {
  'debian-cloud': 10,
  'ubuntu-os-cloud': 10,
  'cos-cloud': 10,
  'rocky-linux-cloud': 20,
  'centos-cloud': 20,
  'rhel-cloud': 20,
  'suse-cloud': 10,
  'windows-cloud': 50,
};

/** Windows Server Core is the one kind of public image that is smaller than the others of its project. */
const WINDOWS_CORE_GB = 32;

/** What a row of the catalogue says of its image, and what is known of Google's public images where it says nothing. */
export function imageFacts(row: Omit<ImageTraits, 'loginUser'> & { readonly image: string }): ImageFacts {
  const [, project = '', name = ''] = /^projects\/([^/]+)\/global\/images\/(?:family\/)?(.+)$/.exec(row.image) ?? [];
  const known = Object.hasOwn(PUBLIC_PROJECTS, project) ? PUBLIC_PROJECTS[project] : undefined;
  const isCore = project === 'windows-cloud' && name.includes('-core');
  return {
    architecture: row.architecture === '' ? architectureOf(known, name) : row.architecture,
    diskGbMin: row.diskGbMin === 0 ? (isCore ? WINDOWS_CORE_GB : (known ?? 0)) : row.diskGbMin,
  };
}

/** Public images for Arm say so in their names; the others are for x86. */
function architectureOf(known: number | undefined, name: string): Architecture | undefined {
  if (known === undefined) return undefined;
  return name.includes('arm64') ? 'ARM64' : 'X86_64';
}
