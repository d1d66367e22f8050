import { UNLIMITED } from './tier.ts';

/** Length of the window of all rate limits. */
export const WINDOW_MS = 60_000;

/** One minute of the clock. All function instances share it, whenever they started. */
export interface RateWindow {
  /** Minutes since the epoch: part of the counter's key. */
  readonly index: number;
  /** Epoch ms. */
  readonly endsAtMs: number;
}

export function windowAt(nowMs: number): RateWindow {
  const index = Math.floor(nowMs / WINDOW_MS);
  return { index, endsAtMs: (index + 1) * WINDOW_MS };
}

/** What a caller is told about a limit after taking a token. */
export interface RateLimitToken {
  readonly operation: string;
  /** -1: unlimited, then nothing is counted. */
  readonly limit: number;
  readonly remaining: number;
  /** Epoch ms. */
  readonly resetAtMs: number;
  readonly granted: boolean;
}

/** The token that made the counter show `count`. Tokens are granted while the count is within the limit. */
export function tokenAt(operation: string, limit: number, count: number, window: RateWindow): RateLimitToken {
  return {
    operation,
    limit,
    remaining: limit === UNLIMITED ? UNLIMITED : Math.max(0, limit - count),
    resetAtMs: window.endsAtMs,
    granted: limit === UNLIMITED || count <= limit,
  };
}

/** The token of a request that no limit counts. */
export function uncounted(nowMs: number): RateLimitToken {
  return tokenAt('', UNLIMITED, 0, windowAt(nowMs));
}

/** Whole seconds until asking again makes sense; at least 1, because 0 invites a busy loop. */
export function secondsUntil(atMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((atMs - nowMs) / 1000));
}
