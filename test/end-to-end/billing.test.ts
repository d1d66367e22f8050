import { expect, test } from 'vitest';
import { LIMITED_OPERATIONS } from '#shared/domain/tier.ts';
import { ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });

interface Feature {
  readonly featureKey: string;
  readonly currentUsage: number;
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt?: number;
  readonly isLocked?: boolean;
}

async function read(principal: 'alice' | 'bob' | 'carol', path: string): Promise<Readonly<Record<string, unknown>>> {
  const { status, body, headers } = await cloud().request(principal, 'GET', `/api/billing/v1${path}`);
  expect(status).toBe(200);
  expect(headers.get('ratelimit')).toBeNull();
  return body as Readonly<Record<string, unknown>>;
}

async function usage(principal: 'alice' | 'bob' | 'carol', path: string): Promise<readonly Feature[]> {
  const { services, totalFeatures } = (await read(principal, path)) as {
    readonly services: Readonly<Record<string, { readonly features: readonly Feature[] }>>;
    readonly totalFeatures: number;
  };
  const features = services['compute-api']?.features ?? [];
  expect(features).toHaveLength(totalFeatures);
  return features;
}

test('quotas and limits are those of the tier of the customer', async () => {
  expect(await read('alice', '/quotas')).toMatchObject({
    customerId: 'acme',
    tierName: 'pro',
    quotas: { 'compute-api': { max_instances: { value: 3 } } },
  });
  expect(await read('carol', '/quotas')).toMatchObject({
    customerId: 'umbrella',
    tierName: 'free',
    quotas: { 'compute-api': { max_instances: { value: 1 } } },
  });
  const { limits } = (await read('bob', '/limits')) as { readonly limits: Readonly<Record<string, object>> };
  expect(Object.keys(limits['compute-api'] ?? {})).toEqual(LIMITED_OPERATIONS.map((name) => `${name}_per_minute`));
});

test('quota usage is what creates reserve from: the whole customer, at once', async () => {
  const carol = new ComputeUser(cloud(), 'carol');
  expect(await usage('carol', '/quotas/usage')).toEqual([
    { featureKey: 'max_instances', currentUsage: 0, limit: 1, remaining: 1 },
  ]);

  const id = await carol.created();

  expect(await usage('carol', '/quotas/usage')).toEqual([
    { featureKey: 'max_instances', currentUsage: 1, limit: 1, remaining: 0 },
  ]);
  expect((await carol.create()).status).toBe(403);
  expect(await carol.delete(id)).toMatchObject({ status: 204 });
  expect(await usage('carol', '/quotas/usage')).toMatchObject([{ currentUsage: 0, remaining: 1 }]);
});

test('limit usage counts the requests of the current minute, and reading it takes no token', async () => {
  const tokensUsed = async () => {
    const features = await usage('alice', '/limits/usage');
    return features.find(({ featureKey }) => featureKey === 'catalog_per_minute');
  };
  const before = await tokensUsed();
  const asked = await cloud().request('bob', 'GET', '/api/compute/v1/templates');

  const after = await tokensUsed();

  expect(asked.status).toBe(200);
  // Both users belong to one customer. If a new minute has begun in between, only the second request counts.
  const same = before?.resetAt === after?.resetAt;
  expect(after?.currentUsage).toBe(same ? (before?.currentUsage ?? 0) + 1 : 0);
  expect(after?.remaining).toBe((after?.limit ?? 0) - (after?.currentUsage ?? 0));
  expect(after?.isLocked).toBe(false);
  expect(await tokensUsed()).toEqual(after);
});
