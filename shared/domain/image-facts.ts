import type { Architecture, ImageTraits } from './catalog.ts';

/** What is known of an image. */
export interface ImageFacts {
  /** Account that logs in by SSH; `""` where there is none, as on Windows. */
  readonly loginUser: string;
  /** `undefined`: not known. */
  readonly architecture: Architecture | undefined;
  /** Size of the smallest boot disk in GB; 0: not known. */
  readonly diskGbMin: number;
}

/**
 * Google's projects of public images: the default account of their cloud-init or guest agent, and the size of their images
 * (https://docs.cloud.google.com/compute/docs/images/os-details).
 */
const PUBLIC_PROJECTS: Readonly<Record<string, { readonly loginUser: string; readonly diskGbMin: number }>> = {
  'debian-cloud': { loginUser: 'debian', diskGbMin: 10 },
  'ubuntu-os-cloud': { loginUser: 'ubuntu', diskGbMin: 10 },
  'cos-cloud': { loginUser: 'cos', diskGbMin: 10 },
  'rocky-linux-cloud': { loginUser: 'rocky', diskGbMin: 20 },
  'centos-cloud': { loginUser: 'centos', diskGbMin: 20 },
  'rhel-cloud': { loginUser: 'cloud-user', diskGbMin: 20 },
  'suse-cloud': { loginUser: 'sles', diskGbMin: 10 },
  'windows-cloud': { loginUser: '', diskGbMin: 50 },
};

/** Windows Server Core is the one kind of public image that is smaller than the others of its project. */
const WINDOWS_CORE_GB = 32;

/** What a row of the catalogue says of its image, and what is known of Google's public images where it says nothing. */
export function imageFacts(row: ImageTraits & { readonly image: string }): ImageFacts {
  const [, project = '', name = ''] = /^projects\/([^/]+)\/global\/images\/(?:family\/)?(.+)$/.exec(row.image) ?? [];
  const known = Object.hasOwn(PUBLIC_PROJECTS, project) ? PUBLIC_PROJECTS[project] : undefined;
  const isCore = project === 'windows-cloud' && name.includes('-core');
  return {
    loginUser: row.loginUser === '' ? (known?.loginUser ?? '') : row.loginUser,
    architecture: row.architecture === '' ? architectureOf(known, name) : row.architecture,
    diskGbMin: row.diskGbMin === 0 ? (isCore ? WINDOWS_CORE_GB : (known?.diskGbMin ?? 0)) : row.diskGbMin,
  };
}

/** Public images for Arm say so in their names; the others are for x86. */
function architectureOf(known: object | undefined, name: string): Architecture | undefined {
  if (known === undefined) return undefined;
  return name.includes('arm64') ? 'ARM64' : 'X86_64';
}
