import { hasSeries } from './zones.ts';

/** A GPU that can be added to an N1 VM. */
export interface AttachableAccelerator {
  readonly description: string;
  /** How many of them a VM can have, each with the largest number of vCPUs allowed for that count. */
  readonly vcpusMax: Readonly<Record<number, number>>;
  readonly zones: readonly string[];
}

/*
 * Zones by GPU. Source: https://docs.cloud.google.com/compute/docs/gpus#n1-gpus and acceleratorTypes.list. K80 and P100
 * are left out in zones that Google's page no longer lists.
 */
const T4_ZONES =
  'asia-east1-a asia-east1-c asia-east2-a asia-east2-c asia-northeast1-a asia-northeast1-c asia-northeast3-b ' +
  'asia-northeast3-c asia-south1-a asia-south1-b asia-southeast1-a asia-southeast1-b asia-southeast1-c asia-southeast2-a ' +
  'asia-southeast2-b australia-southeast1-a australia-southeast1-c europe-central2-b europe-central2-c europe-west1-b ' +
  'europe-west1-c europe-west1-d europe-west2-a europe-west2-b europe-west3-b europe-west4-a europe-west4-b europe-west4-c ' +
  'me-west1-b me-west1-c northamerica-northeast1-c southamerica-east1-a southamerica-east1-c us-central1-a us-central1-b ' +
  'us-central1-c us-central1-f us-east1-c us-east1-d us-east4-a us-east4-b us-east4-c us-west1-a us-west1-b us-west2-b ' +
  'us-west2-c us-west3-b us-west4-a us-west4-b';

/** GPUs that can be added to N1 VMs, by the name of their accelerator type. */
export const ATTACHABLE_ACCELERATORS: ReadonlyMap<string, AttachableAccelerator> = new Map([
  ['nvidia-tesla-t4', { description: 'NVIDIA T4', vcpusMax: { 1: 48, 2: 48, 4: 96 }, zones: T4_ZONES.split(' ') }],
  [
    'nvidia-tesla-v100',
    {
      description: 'NVIDIA V100',
      vcpusMax: { 1: 12, 2: 24, 4: 48, 8: 96 },
      zones: [
        'asia-east1-c',
        'europe-west4-a',
        'europe-west4-b',
        'europe-west4-c',
        'us-central1-a',
        'us-central1-b',
        'us-central1-c',
        'us-central1-f',
        'us-east1-c',
        'us-west1-a',
        'us-west1-b',
      ],
    },
  ],
  [
    'nvidia-tesla-p100',
    {
      description: 'NVIDIA P100',
      vcpusMax: { 1: 16, 2: 32, 4: 96 },
      zones: [
        'asia-east1-a',
        'asia-east1-c',
        'australia-southeast1-c',
        'europe-west1-b',
        'europe-west1-d',
        'europe-west4-a',
        'us-central1-c',
        'us-central1-f',
        'us-east1-b',
        'us-east1-c',
        'us-west1-a',
        'us-west1-b',
      ],
    },
  ],
  [
    'nvidia-tesla-p4',
    {
      description: 'NVIDIA P4',
      vcpusMax: { 1: 24, 2: 48, 4: 96 },
      zones: [
        'asia-southeast1-b',
        'asia-southeast1-c',
        'australia-southeast1-a',
        'australia-southeast1-b',
        'europe-west4-b',
        'europe-west4-c',
        'northamerica-northeast1-a',
        'northamerica-northeast1-b',
        'northamerica-northeast1-c',
        'us-central1-a',
        'us-central1-c',
        'us-east4-a',
        'us-east4-b',
        'us-east4-c',
        'us-west2-b',
        'us-west2-c',
      ],
    },
  ],
]);

/** Accelerators that are part of machine types, with the series of those types. */
const OWN_ACCELERATORS: Readonly<Record<string, string>> = {
  'nvidia-tesla-a100': 'a2',
  'nvidia-a100-80gb': 'a2',
  'nvidia-h100-80gb': 'a3',
  'nvidia-h100-mega-80gb': 'a3',
  'nvidia-h200-141gb': 'a3',
  'nvidia-b200': 'a4',
  'nvidia-gb200': 'a4x',
  'nvidia-l4': 'g2',
  'nvidia-rtx-pro-6000': 'g4',
};

/** Returns the accelerator types of a zone. */
export function acceleratorTypesOf(zone: string): readonly { readonly name: string; readonly description: string }[] {
  const attachable = [...ATTACHABLE_ACCELERATORS]
    .filter(([, { zones }]) => zones.includes(zone))
    .map(([name, { description }]) => ({ name, description }));
  const own = Object.entries(OWN_ACCELERATORS)
    .filter(([, series]) => hasSeries(zone, series))
    .map(([name]) => ({ name, description: name }));
  return [...attachable, ...own].sort((a, b) => (a.name < b.name ? -1 : 1));
}
