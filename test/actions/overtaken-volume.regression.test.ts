import { expect, test } from 'vitest';
import { createVolume } from '#shared/actions/create-volume.ts';
import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { cloudAndRecords } from '#test/support/cloud-and-records.ts';
import { ZONE } from '#test/support/compute-cloud.ts';

const PROJECT = 'proj_acme000000000000';
const REQUEST = {
  name: 'data',
  project: PROJECT,
  zone: ZONE,
  sizeGb: 50,
  caller: {
    userId: '550e8400-e29b-41d4-a716-446655440000',
    customerId: 'acme',
    projects: [PROJECT],
    groups: ['group1'],
    roles: [],
    tier: 'pro',
    credential: { type: 'session' as const, id: 'session-1' },
  },
  tier: { name: 'pro', maxInstances: 3, maxVolumeGb: 100, perMinute: completeLimits({ create: 10 }) },
  typeOf: async () => ({ id: 'block', diskType: 'pd-balanced', minGb: 1, maxGb: 1000, centsPerGbMonth: 10 }),
};

/* A request that Compute Engine had refused ended the volume after a repeat had asked for the disk and was answered with it. */
test('a volume that a repeat was answered with is not ended by the slow first request that was refused', async () => {
  const { store, tools, cloud } = await cloudAndRecords();
  const asked = Promise.withResolvers<undefined>();
  const answered = Promise.withResolvers<undefined>();
  const refusing = Object.assign(Object.create(tools.disks) as typeof tools.disks, {
    insert: () => Promise.reject(new CloudError('quota_exceeded', 'no')),
    // Compute Engine's answer, that there is no such disk, is of before the repeat and arrives after it.
    get: async () => {
      asked.resolve(undefined);
      await answered.promise;
      return undefined;
    },
  });

  const slow = createVolume(REQUEST, { ...tools, disks: refusing });
  await asked.promise;
  const repeat = await createVolume(REQUEST, tools);
  answered.resolve(undefined);
  const first = await slow.catch((thrown: unknown) => thrown);

  expect(first).toMatchObject({ id: repeat.id });
  expect((await store.get(ref(VOLUME, repeat.id)))?.value).toMatchObject({ state: 'creating', deletedAtMs: null });
  expect(cloud.emulator.disks().map(({ name }) => name)).toContain(repeat.id);
});
