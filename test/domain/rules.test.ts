import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canSee, hasRole, isAdmin } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import { eventId } from '#shared/domain/history.ts';
import { instanceId, operationId, type Random, requestId } from '#shared/domain/ids.ts';
import { isFinal } from '#shared/domain/operation.ts';
import { priceAt } from '#shared/domain/price.ts';
import { release, reserve } from '#shared/domain/quota.ts';
import { secondsUntil, tokenAt, windowAt } from '#shared/domain/rate-limit.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { INSTANCE_STATUSES, STATUS_GROUP } from '#shared/domain/status.ts';
import { regionOf, zonesOf } from '#shared/domain/zones.ts';

const RANDOM: Random = { hex: (bytes) => 'a1b2c3d4e5f60718'.repeat(4).slice(0, bytes * 2), fraction: () => 0.5 };

describe('access', () => {
  const nobody = { customerId: 'acme', groups: [], roles: [] } as const;
  const owned = (visibleBy: readonly string[], customerId = 'acme') => ({ customerId, visibleBy });

  test.each([
    [['group1'], ['group1'], true],
    [['group1', 'group2'], ['group2', 'group3'], true],
    [['group1'], ['group2'], false],
    [['group1'], [], false],
    [[], ['group1'], false],
    [[], [], false],
    [['group1'], ['GROUP1'], false],
  ])('groups %j meet visibleBy %j: %s', (groups, visibleBy, seen) => {
    expect(canSee({ ...nobody, groups }, owned(visibleBy))).toBe(seen);
    expect(canSee({ ...nobody, groups }, owned(visibleBy, 'umbrella'))).toBe(false);
  });

  test('no call can leave the customer out', () => {
    // @ts-expect-error -- groups alone say nothing: the owned thing has a customer.
    expect(canSee({ ...nobody, groups: ['group1'] }, { visibleBy: ['group1'] })).toBe(false);
    // @ts-expect-error -- a caller without a customer sees nothing either.
    expect(canSee({ groups: ['group1'], roles: [] }, owned(['group1']))).toBe(false);
  });

  test('an administrator sees what no user may see', () => {
    const admin = { ...nobody, roles: ['compute_admin'] } as const;

    expect([canSee(admin, owned([])), canSee(admin, owned([], 'umbrella'))]).toEqual([true, true]);
    expect([isAdmin(admin), isAdmin(nobody), hasRole(nobody, 'compute_admin')]).toEqual([true, false, false]);
  });
});

describe('quota', () => {
  test.each([
    [0, 3, 1],
    [2, 3, 3],
    [1_000_000, -1, 1_000_001],
  ])('with %i used of %i one more is %i', (used, limit, next) => {
    expect(reserve(used, limit)).toBe(next);
  });

  test.each([
    [3, 3, 'Your quota allows 3 instances and 3 exist.'],
    [4, 3, 'Your quota allows 3 instances and 4 exist.'],
    [1, 1, 'Your quota allows 1 instance and 1 exist.'],
  ])('with %i used of %i one more is refused with the numbers', (used, limit, text) => {
    expect(() => reserve(used, limit)).toThrow(text);
    expect(() => reserve(used, limit)).toThrow(expect.objectContaining({ kind: 'quota_exceeded' }));
  });

  test('a quota of 0 means that the tier does not include instances, whatever is used', () => {
    for (const used of [0, 2])
      expect(() => reserve(used, 0)).toThrow(expect.objectContaining({ kind: 'forbidden', reason: 'not_in_tier' }));
  });

  test('what is released is never less than nothing', () => {
    expect([release(3), release(1), release(0)]).toEqual([2, 0, 0]);
  });
});

describe('rate limits', () => {
  test('all moments of a minute of the clock share one window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
        const { index, endsAtMs } = windowAt(ms);
        expect(endsAtMs).toBeGreaterThan(ms);
        expect(endsAtMs - ms).toBeLessThanOrEqual(60_000);
        expect(endsAtMs % 60_000).toBe(0);
        expect(windowAt(endsAtMs - 1).index).toBe(index);
        expect(windowAt(endsAtMs).index).toBe(index + 1);
      }),
    );
  });

  test.each([
    [1, true, 2],
    [3, true, 0],
    [4, false, 0],
    [99, false, 0],
  ])('of a limit of 3, token %i is granted: %s, and leaves %i', (count, granted, remaining) => {
    expect(tokenAt('create', 3, count, windowAt(61_000))).toEqual({
      operation: 'create',
      limit: 3,
      remaining,
      resetAtMs: 120_000,
      granted,
    });
  });

  test('without a limit every token is granted and nothing is said of what remains', () => {
    expect(tokenAt('list', -1, 10_000, windowAt(0))).toMatchObject({ granted: true, remaining: -1, limit: -1 });
  });

  test.each([
    [10_000, 9_999, 1],
    [10_000, 10_000, 1],
    [10_000, 10_001, 1],
    [10_000, 8_999, 2],
    [10_000, 0, 10],
  ])('a wait until %i at %i is %i s: whole, never short, never zero', (atMs, nowMs, seconds) => {
    expect(secondsUntil(atMs, nowMs)).toBe(seconds);
  });
});

describe('ids', () => {
  test('the id of an instance is prefix, beginning of the user id, and eight random digits', () => {
    expect(instanceId('tw', '550e8400-e29b-41d4-a716-446655440000', RANDOM)).toBe('tw-550e84-a1b2c3d4');
    expect(instanceId('tw', '55-0E-84-00', RANDOM)).toBe('tw-550e84-a1b2c3d4');
  });

  test('whatever the user id is, the id of an instance is a legal name of a VM', () => {
    fc.assert(
      fc.property(fc.string(), (userId) => {
        expect(instanceId('tw', userId, RANDOM)).toMatch(/^tw-[0-9a-f]{6}-[0-9a-f]{8}$/);
      }),
    );
  });

  test('ids of operations sort by time', () => {
    fc.assert(
      fc.property(fc.nat(4_000_000_000_000), fc.nat(4_000_000_000_000), (a, b) => {
        const order = operationId(a, RANDOM) < operationId(b, RANDOM);
        expect(order).toBe(a < b);
      }),
    );
  });

  test('events sort by instance and then by number', () => {
    expect(eventId('tw-1', 9) < eventId('tw-1', 10)).toBe(true);
    expect(eventId('tw-1', 12)).toBe('tw-1|00000012');
  });

  test.each(['12345678', '550e8400-e29b-41d4-a716-446655440000', 'a'.repeat(128), 'req_1.2~3:4/5+6=7'])(
    'a sane request id is kept: %s',
    (sent) => {
      expect(requestId(sent, RANDOM)).toBe(sent);
    },
  );

  test.each([
    undefined,
    '',
    'short',
    'a'.repeat(129),
    'with space',
    'line\nbreak',
    'crlf\r\nx: y',
    'ümläut-id',
    'quote"d-id',
    '12345678\n',
  ])('a request id of %j is replaced', (sent) => {
    expect(requestId(sent, RANDOM)).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('the request id of a cloud call', () => {
  test('is a version 5 UUID of the RFC variant, and never the zero UUID', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(1000), (operation, call) => {
        expect(requestUuid(operation, call)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
    );
  });

  test('is the same for each repeat of the call, and another for every other call', () => {
    const ids = ['op-1', 'op-2', 'op-11'].flatMap((id) => [1, 2, 11].map((call) => requestUuid(id, call)));

    expect(new Set(ids).size).toBe(9);
    expect(requestUuid('op-1', 1)).toBe(ids[0]);
    expect(requestUuid('op-1', 1)).toBe('298cb92d-9e46-505e-a9d5-7a450126bbba');
  });
});

describe('zones', () => {
  test.each([
    ['us-central1', ['us-central1-a', 'us-central1-b', 'us-central1-c', 'us-central1-f']],
    ['us-east1', ['us-east1-b', 'us-east1-c', 'us-east1-d']],
    ['europe-west1', ['europe-west1-b', 'europe-west1-c', 'europe-west1-d']],
    ['asia-east1', ['asia-east1-a', 'asia-east1-b', 'asia-east1-c']],
  ])('%s has its own letters', (region, zones) => {
    expect(zonesOf(region)).toEqual(zones);
    expect(new Set(zones.map(regionOf))).toEqual(new Set([region]));
  });
});

test('every status belongs to one of the five words of the administrators', () => {
  expect(INSTANCE_STATUSES.map((status) => `${status} ${STATUS_GROUP[status]}`)).toEqual([
    'PENDING provisioning',
    'PROVISIONING provisioning',
    'STAGING provisioning',
    'RUNNING running',
    'PENDING_STOP stopped',
    'STOPPING stopped',
    'STOPPED stopped',
    'TERMINATED stopped',
    'SUSPENDING stopped',
    'SUSPENDED stopped',
    'REPAIRING running',
    'DEPROVISIONING deleting',
    'DELETING deleting',
    'ERROR error',
  ]);
});

test('an operation is final when it has completed or failed', () => {
  expect((['pending', 'running', 'completed', 'failed'] as const).map(isFinal)).toEqual([false, false, true, true]);
});

test('the price of a moment is the last step before it', () => {
  const price = {
    machineType: 'n1-standard-2',
    steps: [
      { priceCents: 5, fromMs: 10 },
      { priceCents: 7, fromMs: 20 },
    ],
  };

  expect([9, 10, 19, 20, 99].map((ms) => priceAt(price, ms))).toEqual([undefined, 5, 5, 7, 7]);
});

describe('failures', () => {
  test('one that was thrown on purpose stays what it is', () => {
    const failure = new Failure('not_found', 'Gone.', { reason: 'instance_not_found' });

    expect(Failure.from(failure)).toBe(failure);
    expect(failure).toMatchObject({ reason: 'instance_not_found', fields: [], retryAfterSeconds: undefined });
  });

  test.each([new Error('password=hunter2'), 'text', undefined, null, { kind: 'not_found' }])(
    'anything else becomes an internal one that shows nothing of it: %s',
    (thrown) => {
      const failure = Failure.from(thrown);

      expect(failure).toMatchObject({ kind: 'internal', reason: 'internal' });
      expect(failure.message).not.toContain('hunter2');
      expect(failure.cause).toBe(thrown);
    },
  );
});
