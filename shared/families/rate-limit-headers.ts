import { secondsUntil, WINDOW_MS, type RateLimitToken } from '#shared/domain/rate-limit.ts';
import { UNLIMITED } from '#shared/domain/tier.ts';

/**
 * `RateLimit-Policy` and `RateLimit` of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10): structured fields, the
 * policy's name is the operation. An unlimited operation has no policy, so there is nothing to say.
 */
export function rateLimitHeaders(token: RateLimitToken, nowMs: number): Readonly<Record<string, string>> {
  if (token.limit === UNLIMITED) return {};
  return {
    'ratelimit-policy': `"${token.operation}";q=${token.limit};w=${WINDOW_MS / 1000}`,
    ratelimit: `"${token.operation}";r=${token.remaining};t=${secondsUntil(token.resetAtMs, nowMs)}`,
  };
}
