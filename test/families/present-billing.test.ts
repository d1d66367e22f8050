import { expect, test } from 'vitest';
import {
  presentLimits,
  presentLimitUsage,
  presentQuotas,
  presentQuotaUsage,
} from '#shared/families/compute/present-billing.ts';
import { LIMITED_OPERATIONS, type LimitedOperation, type Tier } from '#shared/domain/tier.ts';

const NOW_MS = Date.UTC(2024, 0, 1);

function record(value: number): Record<LimitedOperation, number> {
  return Object.fromEntries(LIMITED_OPERATIONS.map((operation) => [operation, value])) as Record<
    LimitedOperation,
    number
  >;
}

function holder(overrides: Partial<Tier> = {}) {
  return {
    customerId: 'acme',
    tier: { name: 'pro', maxInstances: 3, maxVolumeGb: 100, perMinute: record(10), ...overrides },
  };
}

test('quotas: unlimited and disabled are told as they are stored', () => {
  expect(presentQuotas(holder()).quotas['compute-api'].max_instances.value).toBe(3);
  expect(presentQuotas(holder({ maxInstances: -1 })).quotas['compute-api'].max_instances.value).toBe(-1);
  expect(presentQuotas(holder({ maxInstances: 0 })).quotas['compute-api'].max_instances.value).toBe(0);
});

test('limits: one per limited operation', () => {
  const { limits } = presentLimits(holder());

  expect(Object.keys(limits['compute-api'])).toEqual(LIMITED_OPERATIONS.map((operation) => `${operation}_per_minute`));
  expect(limits['compute-api']).toMatchObject({ create_per_minute: { value: 10, window: 'minute' } });
});

test.each([
  ['within the quota', 2, 3, 1],
  ['at the quota', 3, 3, 0],
  ['above a quota that was lowered', 5, 3, 0],
  ['unlimited', 5, -1, -1],
  ['disabled', 0, 0, 0],
])('quota usage: %s', (_, instances, maxInstances, remaining) => {
  const shown = presentQuotaUsage(holder({ maxInstances }), instances, NOW_MS);

  expect(shown).toEqual({
    customerId: 'acme',
    services: {
      'compute-api': {
        serviceName: 'Compute API',
        features: [{ featureKey: 'max_instances', currentUsage: instances, limit: maxInstances, remaining }],
      },
    },
    totalFeatures: 1,
    fetchedAt: '2024-01-01T00:00:00Z',
  });
});

test.each([
  ['unused', 0, 10, { currentUsage: 0, remaining: 10, isLocked: false }],
  ['used in part', 4, 10, { currentUsage: 4, remaining: 6, isLocked: false }],
  ['used up', 10, 10, { currentUsage: 10, remaining: 0, isLocked: true }],
  ['asked beyond it', 14, 10, { currentUsage: 10, remaining: 0, isLocked: true }],
  ['unlimited', 0, -1, { currentUsage: 0, remaining: -1, isLocked: false }],
  ['disabled', 0, 0, { currentUsage: 0, remaining: 0, isLocked: true }],
])('limit usage: %s', (_, used, limit, expected) => {
  const tokens = { used: { ...record(0), create: used }, resetAtMs: NOW_MS + 60_000 };

  const shown = presentLimitUsage(holder({ perMinute: { ...record(10), create: limit } }), tokens, NOW_MS);

  expect(shown.services['compute-api'].features[0]).toEqual({
    featureKey: 'create_per_minute',
    limit,
    window: 'minute',
    resetAt: NOW_MS / 1000 + 60,
    tierName: 'pro',
    ...expected,
  });
  expect(shown).toMatchObject({
    identifier: 'acme',
    identifierType: 'customer',
    totalFeatures: LIMITED_OPERATIONS.length,
  });
});
