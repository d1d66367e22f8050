import { describe, expect, test } from 'vitest';
import { FLEET_SCHEMAS } from '#shared/contracts/fleet/schemas.ts';
import { Failure, FAILURE_KINDS, type InvalidField } from '#shared/domain/failure.ts';
import {
  presentBatch,
  presentFleetInstance,
  presentPriceHistory,
  presentStatus,
} from '#shared/families/fleet/present.ts';
import { readQuery } from '#shared/families/fleet/read-query.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { aFailure } from '#test/support/a-failure.ts';
import { anInstance } from '#test/support/an-instance.ts';

const IDS = { errorId: '0cc175b9c0f1b6a831c399e269772661', requestId: 'request-1' };

const KEYS = Object.keys(FLEET_SCHEMAS.FleetInstance.properties);

test('all keys are there for the barest instance, and those that may be null are', () => {
  const shown = presentFleetInstance(anInstance({ zone: '', status: 'PROVISIONING' }));

  expect(Object.keys(shown).sort()).toEqual([...KEYS].sort());
  // The twelve members of the original service, and one added by this one.
  expect(KEYS).toHaveLength(13);
  const nulls = Object.entries(shown).filter(([, value]) => value === null);
  expect(nulls.map(([name]) => name).sort()).toEqual([
    'bid',
    'last_operation',
    'private_ip',
    'region',
    'reservation',
    'ssh_destination',
  ]);
});

test('ids have the prefixes of the family', () => {
  const shown = presentFleetInstance(anInstance({ bid: 'bid_1', reservation: 'res_1' }));

  expect(shown).toMatchObject({
    fid: 'inst_tw-550e84-a1b2c3d4',
    created_by: 'user_550e8400-e29b-41d4-a716-446655440000',
    instance_type: 'it_n1-standard-2',
    bid: 'bid_1',
    reservation: 'res_1',
  });
  expect(presentBatch(new Map([['tw-1', 'STATUS_PAUSED']]))).toEqual({ instances: { 'inst_tw-1': 'STATUS_PAUSED' } });
});

test('an end time is shown for what has ended, to the second', () => {
  const taken = anInstance({ status: 'TERMINATED', preempted: true, statusSinceMs: 1_704_067_199_999 });

  expect(presentStatus(taken)).toMatchObject({ status: 'STATUS_PREEMPTED', end_time: '2023-12-31T23:59:59Z' });
  expect(presentStatus({ ...taken, preempted: false })).toMatchObject({ status: 'STATUS_PAUSED', end_time: null });
});

test('a history is put together by instance, in the order of first appearance', () => {
  const period = {
    sequence: 1,
    meter: 'charge' as const,
    machineType: 'm',
    priceCents: 10,
    customerId: 'acme',
    visibleBy: [],
    project: 'proj_a',
    bid: null,
    reservation: 'res_a',
  };
  const shown = presentPriceHistory([
    { ...period, instanceId: 'b', startMs: 0, endMs: 1_000 },
    { ...period, instanceId: 'a', startMs: 500, endMs: null },
    { ...period, instanceId: 'b', startMs: 2_000, endMs: null },
  ]);

  expect(shown.map(({ instance_fid, events }) => [instance_fid, events.map(({ end_time }) => end_time)])).toEqual([
    ['inst_b', ['1970-01-01T00:00:01Z', null]],
    ['inst_a', [null]],
  ]);
  expect(shown[0]).toMatchObject({ bid_fid: null, reservation_fid: 'res_a' });
});

describe('parameters', () => {
  test.each([
    ['status_in=A,B&status_in=C', { status_in: ['A', 'B', 'C'] }],
    ['status_in=A', { status_in: 'A' }],
    ['status_in=A,,B,', { status_in: ['A', 'B'] }],
    ['status_in=&region=&limit=', {}],
    ['region=a,b', { region: 'a,b' }],
    ['limit=1&limit=2', { limit: ['1', '2'] }],
    ['start_time=2024-01-01T00:00:00+02:00', { start_time: '2024-01-01T00:00:00+02:00' }],
    ['start_time=2024-01-01T00:00:00%2B02:00', { start_time: '2024-01-01T00:00:00+02:00' }],
    ['__proto__=x', Object.fromEntries([['__proto__', 'x']])],
  ])('%s', (query, read) => {
    expect(Object.entries(readQuery(query))).toEqual(Object.entries(read));
  });
});

describe('errors', () => {
  test.each(FAILURE_KINDS)('%s without fields is one sentence', (kind) => {
    const reply = fleetFamily.failure(aFailure(kind, 'A sentence.'), IDS);

    expect(reply.body).toEqual({ detail: 'A sentence.' });
    expect(reply.headers).toMatchObject({ 'x-error': 'A sentence.', 'x-error-id': IDS.errorId });
    expect(reply.headers).toHaveProperty('x-error-reason');
    expect(reply.status).toBeGreaterThanOrEqual(400);
  });

  test('422 lists every field, with numbers for places in lists', () => {
    const fields: readonly InvalidField[] = [
      { place: 'body', pointer: '/instances/12', message: 'must be string', rule: 'type' },
      { place: 'query', pointer: '/a~1b~0c', message: 'is not known', rule: 'additionalProperties' },
      { place: 'body', pointer: '', message: 'is not valid JSON', rule: 'json' },
      { place: 'query', pointer: '/next_cursor', message: 'is not a cursor of this list', rule: 'cursor' },
    ];
    const reply = fleetFamily.failure(new Failure('invalid_request', 'All of it.', { fields }), IDS);

    expect(reply).toMatchObject({ status: 422 });
    expect(reply.body).toEqual({
      detail: [
        { loc: ['body', 'instances', 12], msg: 'must be string', type: 'wrong_type' },
        { loc: ['query', 'a/b~c'], msg: 'is not known', type: 'extra_forbidden' },
        { loc: ['body'], msg: 'is not valid JSON', type: 'json_invalid' },
        { loc: ['query', 'next_cursor'], msg: 'is not a cursor of this list', type: 'cursor' },
      ],
    });
  });
});
