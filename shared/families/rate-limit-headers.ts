import { secondsUntil, WINDOW_MS, type RateLimitToken } from '#shared/domain/rate-limit.ts';
import { UNLIMITED } from '#shared/domain/tier.ts';

/**
 * Returns `RateLimit-Policy` and `RateLimit` of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10) as structured
 * fields; the policy is named after the operation. An unlimited operation has no policy and gets no headers.
 */
export function rateLimitHeaders(token: RateLimitToken, nowMs: number): Readonly<Record<string, string>> {
  if (token.limit === UNLIMITED) return {};
  return {
    'ratelimit-policy': `"${token.operation}";q=${token.limit};w=${WINDOW_MS / 1000}`,
    ratelimit: `"${token.operation}";r=${token.remaining};t=${secondsUntil(token.resetAtMs, nowMs)}`,
  };
}
