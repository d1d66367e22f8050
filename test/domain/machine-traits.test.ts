import { describe, expect, test } from 'vitest';
import { PUBLIC_FAMILIES } from '#scripts/emulators/compute/data/images.ts';
import { PREDEFINED_TYPES } from '#scripts/emulators/compute/data/machine-types.ts';
import { MACHINE_SERIES } from '#scripts/emulators/compute/data/series.ts';
import { imageFacts } from '#shared/domain/image-facts.ts';
import {
  architectureOf,
  hasLocalSsd,
  mustTerminate,
  seriesOf,
  takesAccelerators,
} from '#shared/domain/machine-traits.ts';

const UNSAID = { architecture: '', diskGbMin: 0 } as const;
const PLAIN = { accelerator: null, localSsds: 0 };

/** Compute Engine's machine types with the traits of their series. */
const TYPES = [...PREDEFINED_TYPES.values()].map((type) => {
  const traits = MACHINE_SERIES.get(type.series);
  if (traits === undefined) throw new Error(`no series ${type.series}`);
  return { ...type, traits };
});

describe('what a machine type asks for', () => {
  test('is known for every machine type there is', () => {
    const mine = TYPES.map(({ name: machineType }) => ({
      machineType,
      terminate: mustTerminate({ machineType, ...PLAIN }),
      localSsd: hasLocalSsd({ machineType, ...PLAIN }),
      architecture: architectureOf(machineType),
    }));

    expect(mine).toEqual(
      TYPES.map(({ name: machineType, traits, bareMetal, ownLocalSsds }) => ({
        machineType,
        terminate: !traits.liveMigration || bareMetal,
        localSsd: ownLocalSsds > 0,
        architecture: traits.architecture,
      })),
    );
    expect(mine.length).toBeGreaterThan(300);
  });

  test('an added GPU makes a VM end on host maintenance, and added Local SSD makes a stop lose data', () => {
    const machineType = 'n1-standard-4';

    expect(mustTerminate({ machineType, accelerator: { type: 'nvidia-tesla-t4', count: 1 } })).toBe(true);
    expect(hasLocalSsd({ machineType, localSsds: 1 })).toBe(true);
  });

  test('GPUs are added where the series takes them, and nowhere else', () => {
    for (const [series, { acceleratorsAttachable }] of MACHINE_SERIES) {
      expect([series, takesAccelerators(`${series}-standard-4`)]).toEqual([series, acceleratorsAttachable]);
    }
    expect(takesAccelerators('custom-4-8192')).toBe(true);
  });

  test.each([
    ['custom-2-4096', 'n1'],
    ['n2-custom-2-4096', 'n2'],
    ['e2-medium', 'e2'],
  ])('the series of %s is %s', (machineType, series) => {
    expect(seriesOf(machineType)).toBe(series);
  });
});

describe('what is known of an image', () => {
  test('architecture and size of every public family are what Compute Engine has', () => {
    for (const { project, family, architecture, diskGb } of PUBLIC_FAMILIES) {
      const image = `projects/${project}/global/images/family/${family}`;
      expect({ image, ...imageFacts({ ...UNSAID, image }) }).toMatchObject({ image, architecture, diskGbMin: diskGb });
    }
  });

  test('what the row says comes first, and of an image that is not public nothing else is known', () => {
    const image = 'projects/acme-images/global/images/family/hardened';

    expect(imageFacts({ ...UNSAID, image })).toEqual({ architecture: undefined, diskGbMin: 0 });
    expect(imageFacts({ architecture: 'ARM64', diskGbMin: 25, image })).toEqual({
      architecture: 'ARM64',
      diskGbMin: 25,
    });
  });
});
