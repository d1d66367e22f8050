import type { Architecture, ImageTraits } from './catalog.ts';

/** What is known of an image. */
export interface ImageFacts {
  /** `undefined`: not known. */
  readonly architecture: Architecture | undefined;
  /** Size of the smallest boot disk in GB; 0: not known. */
  readonly diskGbMin: number;
}

/** Sizes in GB of Google's public images, by project (https://docs.cloud.google.com/compute/docs/images/os-details). */
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

/** Size of Windows Server Core, the only public images that are smaller than the others of their project. */
const WINDOWS_CORE_GB = 32;

/** Returns the facts from the catalogue row, completed by what is known of Google's public images. */
export function imageFacts(row: Omit<ImageTraits, 'loginUser'> & { readonly image: string }): ImageFacts {
  const [, project = '', name = ''] = /^projects\/([^/]+)\/global\/images\/(?:family\/)?(.+)$/.exec(row.image) ?? [];
  const known = Object.hasOwn(PUBLIC_PROJECTS, project) ? PUBLIC_PROJECTS[project] : undefined;
  const isCore = project === 'windows-cloud' && name.includes('-core');
  return {
    architecture: row.architecture === '' ? architectureOf(known, name) : row.architecture,
    diskGbMin: row.diskGbMin === 0 ? (isCore ? WINDOWS_CORE_GB : (known ?? 0)) : row.diskGbMin,
  };
}

/** Public images for Arm have `arm64` in their names; all others are for x86. */
function architectureOf(known: number | undefined, name: string): Architecture | undefined {
  if (known === undefined) return undefined;
  return name.includes('arm64') ? 'ARM64' : 'X86_64';
}
