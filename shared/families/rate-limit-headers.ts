import { secondsUntil, WINDOW_MS, type RateLimitToken } from '#shared/domain/rate-limit.ts';
import { UNLIMITED } from '#shared/domain/tier.ts';

/**
 * `RateLimit-Policy` and `RateLimit` of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10): structured fields, the
 * policy's name is the operation. An unlimited operation has no policy, so there is nothing to say.
 */
export function rateLimitHeaders(turn: RateLimitToken, nowMs: number): Readonly<Record<string, string>> {
  if (turn.limit === UNLIMITED) return {};
  return {
    'ratelimit-policy': `"${turn.operation}";q=${turn.limit};w=${WINDOW_MS / 1000}`,
    ratelimit: `"${turn.operation}";r=${turn.remaining};t=${secondsUntil(turn.resetAtMs, nowMs)}`,
  };
}
