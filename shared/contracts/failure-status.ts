import type { FailureKind } from '#shared/domain/failure.ts';

/** HTTP status of every kind of failure; families can override single ones. */
export const FAILURE_STATUS = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  quota_exceeded: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unprocessable: 422,
  rate_limited: 429,
  // Only logged, because the caller has closed the connection. 499 is nginx's status for this.
  request_aborted: 499,
  cloud_failed: 500,
  internal: 500,
  not_implemented: 501,
  zone_exhausted: 503,
  unavailable: 503,
} as const satisfies Readonly<Record<FailureKind, number>>;
