import type { TokensUsed } from '#shared/actions/read-usage.ts';
import { Failure } from '#shared/domain/failure.ts';
import { nearestText } from '#shared/domain/nearest.ts';
import { LIMITED_OPERATIONS, UNLIMITED, type LimitedOperation, type Tier } from '#shared/domain/tier.ts';
import { timestamp } from '../timestamp.ts';

/** Key of this service; the response format can contain further services. */
const SERVICE = 'compute-api';
const SERVICE_NAME = 'Compute API';

const LIMIT_TEXT: Readonly<Record<LimitedOperation, string>> = {
  create: 'Creations of instances per minute',
  list: 'Lists of instances per minute',
  get: 'Reads of one instance per minute',
  delete: 'Deletions per minute',
  start: 'Starts per minute',
  stop: 'Stops per minute',
  restart: 'Restarts per minute',
  reset: 'Resets per minute',
  catalog: 'Reads of templates, zones and configs per minute',
  operations: 'Reads of operations per minute',
  history: 'Reads of histories per minute',
};

interface Holder {
  readonly customerId: string;
  readonly tier: Tier;
}

export function presentQuotas({ customerId, tier }: Holder) {
  return {
    customerId,
    tierName: tier.name,
    quotas: {
      [SERVICE]: {
        max_instances: { value: tier.maxInstances, description: 'Instances at the same time, stopped ones too' },
      },
    },
  };
}

export function presentLimits({ customerId, tier }: Holder) {
  const limits = LIMITED_OPERATIONS.map(
    (operation) =>
      [
        featureKey(operation),
        { value: tier.perMinute[operation], window: 'minute', description: LIMIT_TEXT[operation] },
      ] as const,
  );
  return { customerId, tierName: tier.name, limits: { [SERVICE]: Object.fromEntries(limits) } };
}

export function presentQuotaUsage({ customerId, tier }: Holder, instances: number, nowMs: number) {
  return {
    customerId,
    ...services([{ featureKey: 'max_instances', ...standing(instances, tier.maxInstances) }]),
    fetchedAt: timestamp(nowMs),
  };
}

export function presentLimitUsage({ customerId, tier }: Holder, { used, resetAtMs }: TokensUsed, nowMs: number) {
  const features = LIMITED_OPERATIONS.map((operation) => {
    const limit = tier.perMinute[operation];
    // Refused requests are counted too, but they use no tokens, so usage never exceeds the limit.
    const spent = limit === UNLIMITED ? used[operation] : Math.min(used[operation], limit);
    const { remaining, ...counted } = standing(spent, limit);
    return {
      featureKey: featureKey(operation),
      ...counted,
      remaining,
      window: 'minute',
      resetAt: Math.floor(resetAtMs / 1000),
      isLocked: remaining === 0,
      tierName: tier.name,
    };
  });
  return {
    customerId,
    identifier: customerId,
    identifierType: 'customer',
    ...services(features),
    fetchedAt: timestamp(nowMs),
  };
}

function featureKey(operation: LimitedOperation): string {
  return `${operation}_per_minute`;
}

function standing(currentUsage: number, limit: number) {
  const remaining = limit === UNLIMITED ? UNLIMITED : Math.max(0, limit - currentUsage);
  return { currentUsage, limit, remaining };
}

function services<Feature>(features: readonly Feature[]) {
  return {
    services: { [SERVICE]: { serviceName: SERVICE_NAME, features } },
    totalFeatures: features.length,
  };
}

/** Selects one service from all quotas or limits. Throws `feature_not_found`. */
export function ofService<T>(services: Readonly<Record<string, T>>, service: string): T {
  return named(services, service, 'service');
}

/** Selects one quota or limit of a service. Throws `feature_not_found`. */
export function ofFeature<T>(features: Readonly<Record<string, T>>, feature: string): T {
  return named(features, feature, 'feature');
}

function named<T>(all: Readonly<Record<string, T>>, name: string, what: string): T {
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found !== undefined) return found;
  const text = `There is no ${what} ${JSON.stringify(name)}. ${nearestText(name, Object.keys(all))}`;
  throw new Failure('not_found', `${text} GET /api/billing/v1/limits and /quotas list all.`, {
    reason: 'feature_not_found',
  });
}
