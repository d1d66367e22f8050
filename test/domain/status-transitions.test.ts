import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CloudTimes, statusTransitions } from '#shared/domain/status-transitions.ts';
import { INSTANCE_STATUSES } from '#shared/domain/status.ts';

const NOTHING: CloudTimes = { begunAtMs: null, lastStartAtMs: null, lastStopAtMs: null, sinceMs: 100, atMs: 900 };

test('a VM that runs was staged before, when it says so itself', () => {
  expect(statusTransitions('PROVISIONING', 'RUNNING', { ...NOTHING, lastStartAtMs: 400 })).toEqual([
    { status: 'STAGING', atMs: 400 },
    { status: 'RUNNING', atMs: 900 },
  ]);
});

test('a whole start that nobody looked at is told from its beginning', () => {
  expect(statusTransitions('TERMINATED', 'RUNNING', { ...NOTHING, begunAtMs: 300, lastStartAtMs: 400 })).toEqual([
    { status: 'PROVISIONING', atMs: 300 },
    { status: 'STAGING', atMs: 400 },
    { status: 'RUNNING', atMs: 900 },
  ]);
});

test('a stop that nobody looked at: the VM knows when it came to rest', () => {
  expect(statusTransitions('RUNNING', 'TERMINATED', { ...NOTHING, begunAtMs: 300, lastStopAtMs: 500 })).toEqual([
    { status: 'STOPPING', atMs: 300 },
    { status: 'TERMINATED', atMs: 500 },
  ]);
});

test('a status whose time nothing tells is left out', () => {
  expect(statusTransitions('TERMINATED', 'RUNNING', NOTHING)).toEqual([{ status: 'RUNNING', atMs: 900 }]);
});

test('timestamps of an earlier time say nothing about this one', () => {
  expect(statusTransitions('PROVISIONING', 'RUNNING', { ...NOTHING, lastStartAtMs: 99 })).toEqual([
    { status: 'RUNNING', atMs: 900 },
  ]);
  expect(statusTransitions('STOPPING', 'TERMINATED', { ...NOTHING, lastStopAtMs: 99 })).toEqual([
    { status: 'TERMINATED', atMs: 900 },
  ]);
});

test('whatever the times: the last is what was seen, none is before what was known, and they are in order', () => {
  const status = fc.constantFrom(...INSTANCE_STATUSES);
  const ms = fc.nat(1_000);
  const maybe = fc.option(ms, { nil: null });
  const times = fc.record({ begunAtMs: maybe, lastStartAtMs: maybe, lastStopAtMs: maybe, sinceMs: ms, atMs: ms });
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
