import { UNLIMITED } from './tier.ts';

/** Length of the window of all rate limits. */
export const WINDOW_MS = 60_000;

/** One minute of the clock, the same for all function instances. */
export interface RateWindow {
  /** Minutes since the epoch; part of the counter's key. */
  readonly index: number;
  /** Epoch ms. */
  readonly endsAtMs: number;
}

export function windowAt(nowMs: number): RateWindow {
  const index = Math.floor(nowMs / WINDOW_MS);
  return { index, endsAtMs: (index + 1) * WINDOW_MS };
}

/** The state of a limit after a token was taken, for the response's headers. */
export interface RateLimitToken {
  readonly operation: string;
  /** -1: unlimited; nothing is counted. */
  readonly limit: number;
  readonly remaining: number;
  /** Epoch ms. */
  readonly resetAtMs: number;
  readonly granted: boolean;
}

/** Returns the token for the counter value `count`; it is granted if the count is within the limit. */
export function tokenAt(operation: string, limit: number, count: number, window: RateWindow): RateLimitToken {
  return {
    operation,
    limit,
    remaining: limit === UNLIMITED ? UNLIMITED : Math.max(0, limit - count),
    resetAtMs: window.endsAtMs,
    granted: limit === UNLIMITED || count <= limit,
  };
}

/** Returns the token of a request that is not limited. */
export function uncounted(nowMs: number): RateLimitToken {
  return tokenAt('', UNLIMITED, 0, windowAt(nowMs));
}

/** Returns whole seconds until a time; at least 1, because 0 would invite clients to retry in a busy loop. */
export function secondsUntil(atMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((atMs - nowMs) / 1000));
}
