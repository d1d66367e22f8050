import { readCredential } from '#shared/auth/credential.ts';
import { FAILURE_STATUS } from '#shared/contracts/failure-status.ts';
import type { Failure, FailureKind } from '#shared/domain/failure.ts';
import type { FamilyAdapter } from '#shared/http/pipeline.ts';
import { errorHeaders } from '../error-headers.ts';
import { rateLimitHeaders } from '../rate-limit-headers.ts';

const TITLE: Readonly<Record<FailureKind, string>> = {
  invalid_request: 'Bad Request',
  unauthenticated: 'Unauthorized',
  forbidden: 'Forbidden',
  quota_exceeded: 'Quota Exceeded',
  not_found: 'Not Found',
  method_not_allowed: 'Method Not Allowed',
  conflict: 'Conflict',
  precondition_failed: 'Precondition Failed',
  payload_too_large: 'Payload Too Large',
  unprocessable: 'Unprocessable Content',
  rate_limited: 'Too Many Requests',
  request_aborted: 'Client Closed Request',
  cloud_failed: 'GCP operation failed',
  internal: 'Internal Server Error',
  not_implemented: 'Not Implemented',
  zone_exhausted: 'Zone Exhausted',
  unavailable: 'Service Unavailable',
};

/** Adapter of the compute family, whose errors are problem documents (RFC 9457). */
export const computeFamily: FamilyAdapter = {
  name: 'compute',
  credential: readCredential,
  limitHeaders: rateLimitHeaders,
  failure: (failure: Failure, { errorId }) => ({
    status: FAILURE_STATUS[failure.kind],
    contentType: 'application/problem+json',
    headers: errorHeaders(failure, errorId),
    body: {
      // Path of the documentation page about this reason, on the API's own host.
      type: `/docs/errors/${failure.reason}`,
      title: TITLE[failure.kind],
      status: FAILURE_STATUS[failure.kind],
      detail: failure.message,
      reason: failure.reason,
      errorId,
      ...(failure.fields.length === 0 ? {} : { errors: failure.fields }),
    },
  }),
};
