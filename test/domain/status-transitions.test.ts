import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CloudTimes, isFurther, statusTransitions } from '#shared/domain/status-transitions.ts';
import { INSTANCE_STATUSES } from '#shared/domain/status.ts';

const NOTHING: CloudTimes = {
  begunAtMs: null,
  endedAtMs: 900,
  direction: null,
  lastStartAtMs: null,
  lastStopAtMs: null,
  sinceMs: 100,
  nowMs: 950,
};

test('a VM that runs was staged before, when it says so itself', () => {
  expect(statusTransitions('PROVISIONING', 'RUNNING', { ...NOTHING, lastStartAtMs: 400 })).toEqual([
    { status: 'STAGING', atMs: 400 },
    { status: 'RUNNING', atMs: 900 },
  ]);
});

test('a start that was not read in between is recorded from its beginning', () => {
  expect(statusTransitions('TERMINATED', 'RUNNING', { ...NOTHING, begunAtMs: 300, lastStartAtMs: 400 })).toEqual([
    { status: 'PROVISIONING', atMs: 300 },
    { status: 'STAGING', atMs: 400 },
    { status: 'RUNNING', atMs: 900 },
  ]);
});

test('a stop that was not read in between is dated by the VM itself', () => {
  expect(statusTransitions('RUNNING', 'TERMINATED', { ...NOTHING, begunAtMs: 300, lastStopAtMs: 500 })).toEqual([
    { status: 'STOPPING', atMs: 300 },
    { status: 'TERMINATED', atMs: 500 },
  ]);
});

test('a status without any known time is left out', () => {
  expect(statusTransitions('TERMINATED', 'RUNNING', NOTHING)).toEqual([{ status: 'RUNNING', atMs: 900 }]);
});

test('timestamps of an earlier start or stop are not used for this one', () => {
  expect(statusTransitions('PROVISIONING', 'RUNNING', { ...NOTHING, lastStartAtMs: 99 })).toEqual([
    { status: 'RUNNING', atMs: 900 },
  ]);
  expect(statusTransitions('STOPPING', 'TERMINATED', { ...NOTHING, lastStopAtMs: 99 })).toEqual([
    { status: 'TERMINATED', atMs: 900 },
  ]);
});

test("a stop's event that comes after the VM was started again does not date the start", () => {
  const late = { ...NOTHING, direction: 'down' as const, begunAtMs: 200, endedAtMs: 210 };

  expect(statusTransitions('RUNNING', 'RUNNING', { ...late, lastStopAtMs: 210, lastStartAtMs: 700 })).toEqual([
    { status: 'TERMINATED', atMs: 210 },
    { status: 'STAGING', atMs: 700 },
    { status: 'RUNNING', atMs: 950 },
  ]);
  expect(statusTransitions('TERMINATED', 'RUNNING', { ...late, lastStopAtMs: 90, lastStartAtMs: 700 })).toEqual([
    { status: 'STAGING', atMs: 700 },
    { status: 'RUNNING', atMs: 950 },
  ]);
});

test("the end of an earlier start does not date this one, nor does a start's beginning date a stop", () => {
  const earlier = { ...NOTHING, direction: 'up' as const, begunAtMs: 150, endedAtMs: 200 };

  expect(statusTransitions('STAGING', 'RUNNING', { ...earlier, lastStartAtMs: 300 })).toEqual([
    { status: 'RUNNING', atMs: 950 },
  ]);
  expect(statusTransitions('RUNNING', 'STOPPING', earlier)).toEqual([{ status: 'STOPPING', atMs: 950 }]);
});

test('a stop and start between two reads leave a gap in the charged time, even before the VM runs again', () => {
  const times = { ...NOTHING, endedAtMs: null, lastStopAtMs: 400 };

  expect(statusTransitions('RUNNING', 'PROVISIONING', { ...times, begunAtMs: 500 })).toEqual([
    { status: 'TERMINATED', atMs: 400 },
    { status: 'PROVISIONING', atMs: 500 },
  ]);
});

test('a run between two reads is recorded as far as the VM has timestamps of it', () => {
  expect(statusTransitions('TERMINATED', 'TERMINATED', { ...NOTHING, lastStartAtMs: 300, lastStopAtMs: 500 })).toEqual([
    { status: 'STAGING', atMs: 300 },
    { status: 'TERMINATED', atMs: 500 },
  ]);
});

test('with any times: the last transition is the observed status, none is before the known status, and they are in order', () => {
  const status = fc.constantFrom(...INSTANCE_STATUSES);
  const ms = fc.nat(1_000);
  const maybe = fc.option(ms, { nil: null });
  const times = fc.record({
    begunAtMs: maybe,
    endedAtMs: maybe,
    direction: fc.constantFrom('up' as const, 'down' as const, 'gone' as const, null),
    lastStartAtMs: maybe,
    lastStopAtMs: maybe,
    sinceMs: ms,
    nowMs: ms,
  });
  fc.assert(
    fc.property(status, status, times, (from, to, cloud) => {
      const way = statusTransitions(from, to, cloud);

      expect(way.at(-1)?.status).toBe(to);
      const moments = way.map(({ atMs }) => atMs);
      expect(moments).toEqual(moments.toSorted((a, b) => a - b));
      expect(Math.min(...moments)).toBeGreaterThanOrEqual(cloud.sinceMs);
    }),
  );
});

test.each([
  { record: 'PROVISIONING', seen: 'RUNNING', times: { lastStartAtMs: 100, lastStopAtMs: null }, further: true },
  { record: 'STAGING', seen: 'RUNNING', times: { lastStartAtMs: 100, lastStopAtMs: null }, further: true },
  { record: 'STAGING', seen: 'RUNNING', times: { lastStartAtMs: 99, lastStopAtMs: null }, further: false },
  { record: 'RUNNING', seen: 'STAGING', times: { lastStartAtMs: 100, lastStopAtMs: null }, further: false },
  { record: 'TERMINATED', seen: 'RUNNING', times: { lastStartAtMs: 99, lastStopAtMs: 100 }, further: false },
  { record: 'STOPPING', seen: 'TERMINATED', times: { lastStartAtMs: 50, lastStopAtMs: 120 }, further: true },
  { record: 'STOPPING', seen: 'TERMINATED', times: { lastStartAtMs: 50, lastStopAtMs: null }, further: false },
  { record: 'PROVISIONING', seen: 'TERMINATED', times: { lastStartAtMs: null, lastStopAtMs: 99 }, further: false },
  { record: 'STAGING', seen: 'STOPPING', times: { lastStartAtMs: 100, lastStopAtMs: null }, further: false },
] as const)('a VM seen $seen is after $record since 100: $further, with $times', ({ record, seen, times, further }) => {
  expect(isFurther(seen, { status: record, sinceMs: 100 }, times)).toBe(further);
});
