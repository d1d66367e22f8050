import { expect, test } from 'vitest';
import { createInstance, type CreateRequest } from '#shared/actions/create-instance.ts';
import type { Tools } from '#shared/actions/tools.ts';
import { ALL_INSTANCES } from '#shared/datastore/queries.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';

test('a caller without a group makes nothing: nobody could see it, stop it or delete it', async () => {
  const { store } = await testDatastore();
  const { zone, machine, templateId, configId } = anInstance();
  const request: CreateRequest = {
    caller: {
      userId: '550e8400-e29b-41d4-a716-446655440000',
      customerId: 'acme',
      projects: [],
      groups: [],
      roles: [],
      tier: 'pro',
      credential: { type: 'jwt', id: 'somebody' },
    },
    tier: { name: 'pro', maxInstances: 3, perMinute: completeLimits({ create: 10 }) },
    requestId: 'request-1',
    idempotencyKey: undefined,
    admitted: Promise.resolve(),
    idPrefix: 'tw',
    blueprint: async () => ({ zone, machine, templateId, configId, displayName: null, spec: null, project: '' }),
    answer: () => ({ status: 201 }),
  };
  // Compute Engine and Pub/Sub are not there: nothing may be asked of them.
  const tools: Pick<Tools, 'store' | 'nowMs' | 'random'> = {
    store,
    nowMs: () => 1_700_000_000_000,
    random: { hex: (bytes) => '0'.repeat(bytes * 2), fraction: () => 0 },
  };

  await expect(createInstance(request, tools as Tools)).rejects.toMatchObject({
    kind: 'forbidden',
    reason: 'no_groups',
  });

  expect(await store.count(ALL_INSTANCES, {})).toBe(0);
});
