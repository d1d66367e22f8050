import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { MESSAGES } from '#scripts/emulators/compute/data/messages.ts';
import { PREDEFINED_TYPES } from '#scripts/emulators/compute/data/machine-types.ts';
import { PUBLIC_FAMILIES } from '#scripts/emulators/compute/data/images.ts';
import { MACHINE_SERIES } from '#scripts/emulators/compute/data/series.ts';
import { REGIONS, ZONES, hasSeries, regionOf, zonesOf } from '#scripts/emulators/compute/data/zones.ts';
import { findMachineType } from '#scripts/emulators/compute/machine-type.ts';
import { customMachineType } from '#shared/domain/custom-machine-type.ts';

interface Descriptor {
  readonly fields?: Readonly<Record<string, { readonly type: string }>>;
}

/** Returns Google's own descriptors of the v1 API, which its client contains. */
function descriptors(): Readonly<Record<string, Descriptor>> {
  const file = createRequire(import.meta.url).resolve('@google-cloud/compute/build/protos/protos.json');
  const root = JSON.parse(readFileSync(file, 'utf8')) as unknown;
  const path = 'nested.google.nested.cloud.nested.compute.nested.v1.nested'.split('.');
  return path.reduce<unknown>((value, member) => Reflect.get(value as object, member), root) as Record<
    string,
    Descriptor
  >;
}

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

describe('members of request bodies', () => {
  test("are those of Google's own descriptors", () => {
    const known = descriptors();

    for (const [message, members] of Object.entries(MESSAGES)) {
      const listed = members.split(' ').map((member) => member.split(':')[0]);
      const real = Object.keys(known[message]?.fields ?? {}).map(camel);
      expect(listed, message).toEqual(real.sort());
    }
  });
});

describe('zones', () => {
  test('odd ones exist, and belong to their region', () => {
    expect(zonesOf('us-central1')).toEqual([
      'us-central1-a',
      'us-central1-b',
      'us-central1-c',
      'us-central1-f',
      'us-central1-ai1a',
    ]);
    expect(zonesOf('us-east1')).toEqual(['us-east1-b', 'us-east1-c', 'us-east1-d']);
    expect(regionOf('us-central1-ai1a')).toBe('us-central1');
    expect(zonesOf('mars1')).toEqual([]);
    expect(REGIONS).toHaveLength(43);
  });

  test('every zone has machine types, of series that are known', () => {
    for (const zone of ZONES) {
      const series = [...MACHINE_SERIES.keys()].filter((name) => hasSeries(zone, name));
      expect(series, zone).not.toEqual([]);
    }
  });
});

describe('machine types', () => {
  test('every one is of a known series and is found in some zone', () => {
    for (const { name, series, cpus, memoryMb } of PREDEFINED_TYPES.values()) {
      expect(MACHINE_SERIES.has(series), name).toBe(true);
      expect(cpus > 0 && memoryMb > 0, name).toBe(true);
      expect(
        ZONES.some((zone) => hasSeries(zone, series)),
        name,
      ).toBe(true);
    }
  });

  test.each([
    ['c4-standard-2', 2, 7],
    ['c3d-highcpu-360', 360, 708],
    ['n1-highcpu-2', 2, 1.8],
    ['n2-highmem-128', 128, 864],
    ['a2-ultragpu-8g', 96, 1360],
    ['x4-megamem-1920-metal', 1920, 32768],
  ])('%s has %i vCPUs and %d GB', (name, cpus, memoryGb) => {
    const type = PREDEFINED_TYPES.get(name);

    expect(type?.cpus).toBe(cpus);
    expect(type?.memoryMb).toBe(Math.floor(memoryGb * 1024));
  });

  test('the custom sizes that the product makes up are those that exist', () => {
    const seeds = [1, 2, 3, 4, 6, 8, 30, 34, 36, 48, 64, 80, 82, 96, 98, 128];
    for (const series of ['e2', 'n1', 'n2', 'n2d', 'n4']) {
      for (const vcpus of seeds) {
        for (const memoryMb of [vcpus * 256, vcpus * 512, vcpus * 1024, vcpus * 4096, vcpus * 8192, vcpus * 8448]) {
          const made = customMachineType(series, vcpus, memoryMb);
          const name = made.possible ? made.machineType : `${series}-custom-${vcpus}-${memoryMb}`;
          expect(findMachineType(name, 'us-central1-a').found, name).toBe(made.possible);
        }
      }
    }
  });
});

describe('images', () => {
  test('the newest image of every family is found by its name, with the same facts', () => {
    for (const family of PUBLIC_FAMILIES) {
      const found = PUBLIC_FAMILIES.find(
        ({ project, names }) => project === family.project && names.test(family.newest),
      );
      expect(found, family.newest).toBe(family);
    }
  });
});
