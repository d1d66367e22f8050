import { describe, expect, test } from 'vitest';
import { PushFlow } from '#scripts/emulators/pubsub/push-flow.ts';

/**
 * Sends requests one after the other for some seconds, at most `perSecond` a second and as fast as the flow control
 * allows. Returns the gaps between them.
 */
function gaps(options: {
  readonly perSecond: number;
  readonly seconds: number;
  readonly isRefused: (n: number) => boolean;
}) {
  const flow = new PushFlow();
  const beganAtMs: number[] = [];
  const stepMs = 1000 / options.perSecond;
  for (let nowMs = 0; nowMs < options.seconds * 1000; nowMs += stepMs) {
    if (!flow.hasRoom(0, nowMs)) continue;
    flow.begun(nowMs);
    if (options.isRefused(beganAtMs.length)) flow.failed(nowMs);
    else flow.succeeded(nowMs);
    beganAtMs.push(nowMs);
  }
  return beganAtMs.slice(1).map((atMs, at) => atMs - (beganAtMs[at] ?? 0));
}

// Source of the figures: https://docs.cloud.google.com/pubsub/docs/push#push_backoff
describe('push back-off', () => {
  test('of an endpoint that refuses everything grows to 30 to 60 s', () => {
    const found = gaps({ perSecond: 20, seconds: 600, isRefused: () => true });

    expect(found[0]).toBeLessThanOrEqual(500);
    for (const gap of found.slice(4)) {
      expect(gap).toBeGreaterThanOrEqual(30_000);
      expect(gap).toBeLessThanOrEqual(60_100);
    }
  });

  test('of an endpoint that refuses one message of five is up to about 500 ms', () => {
    const found = gaps({ perSecond: 20, seconds: 120, isRefused: (n) => n % 5 === 4 }).slice(20);
    const mean = found.reduce((sum, gap) => sum + gap, 0) / found.length;

    expect(Math.max(...found)).toBeLessThanOrEqual(500);
    expect(mean).toBeGreaterThan(200);
  });

  test('begins at half a second, and is over with the successes that follow', () => {
    const flow = new PushFlow();
    flow.begun(0);
    flow.failed(0);

    expect([flow.hasRoom(0, 449), flow.hasRoom(0, 451)]).toEqual([false, true]);
    for (let nowMs = 1000; nowMs < 5000; nowMs += 1000) {
      flow.begun(nowMs);
      flow.succeeded(nowMs);
    }
    expect(flow.hasRoom(2, 4000)).toBe(true);
  });

  test('lets one message at a time through', () => {
    const flow = new PushFlow();
    flow.failed(0);

    expect([flow.hasRoom(0, 1000), flow.hasRoom(1, 1000)]).toEqual([true, false]);
  });

  test('forgets refusals of long ago', () => {
    const flow = new PushFlow();
    for (let n = 0; n < 5; n += 1) flow.failed(0);

    expect(flow.hasRoom(0, 30_000)).toBe(false);
    flow.begun(600_000);
    expect(flow.hasRoom(0, 600_001)).toBe(true);
  });
});

describe('the push window', () => {
  const sizeOf = (flow: PushFlow, nowMs = 0) => {
    let size = 0;
    while (flow.hasRoom(size, nowMs)) size += 1;
    return size;
  };

  test('begins with a single digit, doubles with each round of successes, and ends at 64', () => {
    const flow = new PushFlow();
    const sizes = [sizeOf(flow)];
    for (let round = 0; round < 6; round += 1) {
      for (let open = sizes.at(-1) ?? 0; open > 0; open -= 1) flow.succeeded(0);
      sizes.push(sizeOf(flow));
    }

    expect(sizes).toEqual([4, 8, 16, 32, 64, 64, 64]);
  });

  test('shrinks with each failure, to one', () => {
    const flow = new PushFlow();
    for (let n = 0; n < 60; n += 1) flow.succeeded(0);
    for (let n = 0; n < 3; n += 1) flow.failed(0);

    // Long after the end of these failures' back-off.
    expect(sizeOf(flow, 3_600_000)).toBe(8);
    for (let n = 0; n < 9; n += 1) flow.failed(0);
    expect(sizeOf(flow, 3_600_000)).toBe(1);
  });
});
