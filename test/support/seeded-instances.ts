import type { Random } from '#shared/domain/ids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { InstanceStatus } from '#shared/domain/status.ts';
import { anInstance } from './an-instance.ts';
import { seededRandom } from './seeded-random.ts';

/** Creation time of the newest record: 2026-01-01. */
const NEWEST_MS = Date.UTC(2026, 0, 1);
const APART_MS = 1_000;

/** Statuses with their frequency in percent. */
const STATUSES: readonly (readonly [number, InstanceStatus])[] = [
  [70, 'RUNNING'],
  [24, 'TERMINATED'],
  [3, 'PROVISIONING'],
  [2, 'ERROR'],
  [1, 'DELETING'],
];
const ZONES: readonly (readonly [number, string])[] = [
  [50, 'us-central1-a'],
  [20, 'us-central1-b'],
  [20, 'europe-west1-b'],
  [10, 'asia-east1-a'],
];
const TEMPLATES: readonly (readonly [number, string])[] = [
  [80, 'ubuntu-22-standard'],
  [20, 'debian-12-small'],
];

const USERS_PER_CUSTOMER = 5;
const CUSTOMERS_PER_MILLION = 20_000;

/** Yields the instances of a platform of this size, newest first; the same ones in every run. */
export function* seededInstances(count: number): Generator<Instance> {
  const random = seededRandom(count);
  const customers = Math.max(2, Math.round((count / 1_000_000) * CUSTOMERS_PER_MILLION));
  for (let i = 0; i < count; i += 1) {
    const customer = Math.floor(random.fraction() * customers);
    const user = customer * USERS_PER_CUSTOMER + Math.floor(random.fraction() * USERS_PER_CUSTOMER);
    const userId = `${user.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
    const status = chosen(STATUSES, random);
    yield anInstance({
      id: `tw-${userId.slice(0, 6)}-${i.toString(16).padStart(8, '0')}`,
      userId,
      customerId: `customer-${customer}`,
      status,
      zone: chosen(ZONES, random),
      templateId: chosen(TEMPLATES, random),
      createdAtMs: NEWEST_MS - i * APART_MS,
      externalIp: status === 'RUNNING' ? '203.0.113.42' : '',
      internalIp: status === 'RUNNING' ? '10.128.0.12' : '',
    });
  }
}

function chosen<T>(choices: readonly (readonly [number, T])[], random: Random): T {
  let left = random.fraction() * 100;
  for (const [share, choice] of choices) {
    left -= share;
    if (left < 0) return choice;
  }
  const [last] = choices.slice(-1);
  if (last === undefined) throw new Error('There is nothing to choose from.');
  return last[1];
}
