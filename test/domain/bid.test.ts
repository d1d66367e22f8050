import { describe, expect, test } from 'vitest';
import { bidBackoffMs, nextBidStep } from '#shared/domain/bid-steps.ts';
import { centsOf, dollars, DOLLARS_PATTERN, withBidEvent } from '#shared/domain/bid.ts';
import { scriptMetadata } from '#shared/domain/user-data.ts';
import { aBid } from '#test/support/a-bid.ts';
import { anInstance } from '#test/support/an-instance.ts';

const NOW_MS = 1_700_000_000_000;

describe('money', () => {
  test.each([
    ['$25.60', 2_560],
    ['25.6', 2_560],
    ['$3', 300],
    ['$0.05', 5],
    ['$9999999.99', 999_999_999],
  ])('%s is %i cents, and is written back with a sign and two digits', (text, cents) => {
    expect(new RegExp(DOLLARS_PATTERN).test(text)).toBe(true);
    expect(centsOf(text)).toBe(cents);
    expect(centsOf(dollars(cents))).toBe(cents);
    expect(dollars(cents)).toMatch(/^\$\d+\.\d{2}$/);
  });

  test.each(['', '$', '1,000.00', '$1.005', '-1', '€3', '1e3'])('%j is no amount', (text) => {
    expect(new RegExp(DOLLARS_PATTERN).test(text)).toBe(false);
  });
});

test('pauses between attempts double from a minute up to ten', () => {
  expect([1, 2, 3, 4, 5, 50].map((attempts) => bidBackoffMs(attempts) / 60_000)).toEqual([1, 2, 4, 8, 10, 10]);
});

test('a bid that lives for years keeps its first event and the newest', () => {
  const actor = { type: 'system' as const, id: 'spot-market' };
  let bid = aBid();
  for (let atMs = 0; atMs < 1_000; atMs += 1) bid = withBidEvent(bid, { type: 'Preempted', atMs, actor });

  expect([bid.events.length, bid.events[0]?.atMs, bid.events[1]?.atMs, bid.events.at(-1)?.atMs]).toEqual([
    400, 0, 601, 999,
  ]);
});

describe('steps', () => {
  const ids = ['tw-1', 'tw-2'];
  const running = ids.map((id) => anInstance({ id, status: 'RUNNING' }));
  const held = aBid({ phase: 'held', instances: ids, launched: true });
  const view = { instances: running, spotCents: 50, nowMs: NOW_MS };

  test('a bid that holds what it asks for is left alone', () => {
    expect(nextBidStep(held, view)).toEqual({ do: 'nothing', bid: null });
  });

  test('a bid that was put off is not tried again before its time, however often it is looked at', () => {
    const waiting = aBid({ attempts: 1, checkAtMs: NOW_MS + 1, reason: { reason: 'zone_exhausted', message: '' } });

    expect(nextBidStep(waiting, { ...view, instances: [] })).toEqual({ do: 'nothing', bid: null });
    expect(nextBidStep(waiting, { ...view, instances: [], nowMs: NOW_MS + 1 }).do).toBe('launch');
  });

  test('a limit that equals the price pays it', () => {
    expect(nextBidStep(held, { ...view, spotCents: held.limitCents }).do).toBe('nothing');
    expect(nextBidStep(held, { ...view, spotCents: held.limitCents + 1 }).do).toBe('stop');
  });

  test('an instance that its owner has stopped is not the platform’s to start', () => {
    const [first] = running;
    const stopped = [first, anInstance({ id: 'tw-2', status: 'TERMINATED' })].filter((one) => one !== undefined);

    expect(nextBidStep(held, { ...view, instances: stopped })).toEqual({ do: 'nothing', bid: null });
  });

  test('a launch of which one VM could not be created is undone completely', () => {
    const launching = aBid({ phase: 'launching', instances: ids });
    const failed = anInstance({
      id: 'tw-2',
      status: 'ERROR',
      statusReason: { reason: 'zone_exhausted', message: 'x' },
    });
    const [first] = running;
    const instances = [first, failed].filter((one) => one !== undefined);

    const step = nextBidStep(launching, { ...view, instances });

    expect(step).toMatchObject({ do: 'withdraw', bid: { phase: 'waiting', instances: [], attempts: 1 }, instances });
    expect(step.bid?.reason?.reason).toBe('zone_exhausted');
  });

  test('a bid that has ended is never looked at again', () => {
    const ended = aBid({ phase: 'ended', checkAtMs: NOW_MS });

    expect(nextBidStep(ended, view)).toMatchObject({ do: 'nothing', bid: { phase: 'ended', checkAtMs: null } });
  });
});

test.each([
  ['#!/bin/sh\necho hi', '#!/bin/sh\necho hi'],
  ['#cloud-config\nusers: []', '#cloud-config\nusers: []'],
  ['echo hi', '#!/bin/bash\necho hi'],
])('the start-up script %j is user data, which runs once', (script, userData) => {
  expect(scriptMetadata(script)).toEqual({ 'user-data': userData });
});
