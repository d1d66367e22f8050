import type { Architecture } from './series.ts';

/**
 * Google's public images. Sources: https://docs.cloud.google.com/compute/docs/images/os-details (families, support, default
 * sizes) and images.list of the projects. A name is the family's stem, the architecture and a date: `debian-12-bookworm-v20261110`.
 */
export type ImageState = 'ACTIVE' | 'DEPRECATED' | 'OBSOLETE' | 'DELETED';

export interface PublicFamily {
  readonly project: string;
  readonly family: string;
  /** Pattern of the names of the family's images. */
  readonly names: RegExp;
  /** Name of the newest image, which `getFromFamily` returns. */
  readonly newest: string;
  readonly licence: string;
  readonly diskGb: number;
  readonly architecture: Architecture;
  /** State of the newest image. A family without an ACTIVE image resolves to nothing. */
  readonly state: ImageState;
}

interface Line {
  readonly project: string;
  readonly licence: string;
  readonly diskGb: number;
  /** Families, each with the stem of its image names if that differs from the family's name. */
  readonly families: readonly (readonly [family: string, stem?: string])[];
  readonly state?: ImageState;
}

const VERSION = 'v20261110';
/** Build number for Container-Optimized OS, whose image names have one instead of a date. */
const COS_BUILD = '18613-339-52';

const LINES: readonly Line[] = [
  {
    project: 'debian-cloud',
    licence: 'debian',
    diskGb: 10,
    families: [
      ['debian-11', 'debian-11-bullseye'],
      ['debian-11-arm64', 'debian-11-bullseye-arm64'],
      ['debian-12', 'debian-12-bookworm'],
      ['debian-12-arm64', 'debian-12-bookworm-arm64'],
      ['debian-13', 'debian-13-trixie'],
      ['debian-13-arm64', 'debian-13-trixie-arm64'],
    ],
  },
  {
    project: 'debian-cloud',
    licence: 'debian',
    diskGb: 10,
    state: 'DEPRECATED',
    families: [
      ['debian-9', 'debian-9-stretch'],
      ['debian-10', 'debian-10-buster'],
    ],
  },
  {
    project: 'ubuntu-os-cloud',
    licence: 'ubuntu',
    diskGb: 10,
    families: [
      ['ubuntu-2204-lts', 'ubuntu-2204-jammy'],
      ['ubuntu-2204-lts-arm64', 'ubuntu-2204-jammy-arm64'],
      ['ubuntu-2404-lts-amd64', 'ubuntu-2404-noble-amd64'],
      ['ubuntu-2404-lts-arm64', 'ubuntu-2404-noble-arm64'],
      ['ubuntu-2604-lts-amd64', 'ubuntu-2604-resolute-amd64'],
      ['ubuntu-2604-lts-arm64', 'ubuntu-2604-resolute-arm64'],
      ['ubuntu-minimal-2204-lts', 'ubuntu-minimal-2204-jammy'],
      ['ubuntu-minimal-2204-lts-arm64', 'ubuntu-minimal-2204-jammy-arm64'],
      ['ubuntu-minimal-2404-lts-amd64', 'ubuntu-minimal-2404-noble-amd64'],
      ['ubuntu-minimal-2404-lts-arm64', 'ubuntu-minimal-2404-noble-arm64'],
      ['ubuntu-minimal-2604-lts-amd64', 'ubuntu-minimal-2604-resolute-amd64'],
      ['ubuntu-minimal-2604-lts-arm64', 'ubuntu-minimal-2604-resolute-arm64'],
    ],
  },
  {
    project: 'ubuntu-os-cloud',
    licence: 'ubuntu',
    diskGb: 10,
    state: 'DEPRECATED',
    families: [
      ['ubuntu-1604-lts', 'ubuntu-1604-xenial'],
      ['ubuntu-1804-lts', 'ubuntu-1804-bionic'],
      ['ubuntu-2004-lts', 'ubuntu-2004-focal'],
      ['ubuntu-2004-lts-arm64', 'ubuntu-2004-focal-arm64'],
      ['ubuntu-minimal-1604-lts', 'ubuntu-minimal-1604-xenial'],
      ['ubuntu-minimal-1804-lts', 'ubuntu-minimal-1804-bionic'],
      ['ubuntu-minimal-2004-lts', 'ubuntu-minimal-2004-focal'],
    ],
  },
  {
    project: 'cos-cloud',
    licence: 'cos',
    diskGb: 10,
    families: [
      ['cos-stable'],
      ['cos-beta'],
      ['cos-dev'],
      ['cos-113-lts', 'cos-113'],
      ['cos-117-lts', 'cos-117'],
      ['cos-121-lts', 'cos-121'],
      ['cos-125-lts', 'cos-125'],
      ['cos-arm64-stable'],
      ['cos-arm64-beta'],
      ['cos-arm64-dev'],
      ['cos-arm64-113-lts', 'cos-arm64-113'],
      ['cos-arm64-117-lts', 'cos-arm64-117'],
      ['cos-arm64-121-lts', 'cos-arm64-121'],
      ['cos-arm64-125-lts', 'cos-arm64-125'],
    ],
  },
  {
    project: 'rocky-linux-cloud',
    licence: 'rocky-linux',
    diskGb: 20,
    families: [
      ['rocky-linux-8'],
      ['rocky-linux-8-optimized-gcp'],
      ['rocky-linux-8-optimized-gcp-arm64'],
      ['rocky-linux-9'],
      ['rocky-linux-9-arm64'],
      ['rocky-linux-9-optimized-gcp'],
      ['rocky-linux-9-optimized-gcp-arm64'],
      ['rocky-linux-10'],
      ['rocky-linux-10-arm64'],
      ['rocky-linux-10-optimized-gcp'],
      ['rocky-linux-10-optimized-gcp-arm64'],
    ],
  },
  {
    project: 'centos-cloud',
    licence: 'centos',
    diskGb: 20,
    families: [['centos-stream-9'], ['centos-stream-9-arm64'], ['centos-stream-10'], ['centos-stream-10-arm64']],
  },
  {
    project: 'centos-cloud',
    licence: 'centos',
    diskGb: 20,
    state: 'DEPRECATED',
    families: [['centos-6'], ['centos-7'], ['centos-8'], ['centos-stream-8']],
  },
  {
    project: 'rhel-cloud',
    licence: 'rhel',
    diskGb: 20,
    families: [['rhel-8'], ['rhel-9'], ['rhel-9-arm64'], ['rhel-10'], ['rhel-10-arm64']],
  },
  { project: 'rhel-cloud', licence: 'rhel', diskGb: 20, state: 'DEPRECATED', families: [['rhel-6'], ['rhel-7']] },
  {
    project: 'suse-cloud',
    licence: 'sles',
    diskGb: 10,
    families: [
      ['sles-12', 'sles-12-sp5'],
      ['sles-15', 'sles-15-sp7'],
      ['sles-15-arm64', 'sles-15-sp7-arm64'],
    ],
  },
  {
    project: 'windows-cloud',
    licence: 'windows-server',
    diskGb: 50,
    families: [
      ['windows-2016', 'windows-server-2016-dc'],
      ['windows-2019', 'windows-server-2019-dc'],
      ['windows-2022', 'windows-server-2022-dc'],
      ['windows-2025', 'windows-server-2025-dc'],
    ],
  },
  {
    project: 'windows-cloud',
    licence: 'windows-server-core',
    diskGb: 32,
    families: [
      ['windows-2016-core', 'windows-server-2016-dc-core'],
      ['windows-2019-core', 'windows-server-2019-dc-core'],
      ['windows-2022-core', 'windows-server-2022-dc-core'],
      ['windows-2025-core', 'windows-server-2025-dc-core'],
    ],
  },
  {
    project: 'windows-cloud',
    licence: 'windows-server',
    diskGb: 50,
    state: 'DEPRECATED',
    families: [['windows-2012-r2', 'windows-server-2012-r2-dc']],
  },
];

/** All families of Google's public images, including deprecated ones. */
export const PUBLIC_FAMILIES: readonly PublicFamily[] = LINES.flatMap((line) =>
  line.families.map(([family, stem = family]) => ({
    project: line.project,
    family,
    names: new RegExp(`^${stem}-(v\\d{8}[a-z0-9-]*|\\d+(-\\d+){2})$`),
    newest: `${stem}-${line.project === 'cos-cloud' ? COS_BUILD : VERSION}`,
    licence: line.licence,
    diskGb: line.diskGb,
    architecture: family.includes('arm64') ? ('ARM64' as const) : ('X86_64' as const),
    state: line.state ?? 'ACTIVE',
  })),
);
