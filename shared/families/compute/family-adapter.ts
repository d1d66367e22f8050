import { readCredential } from '#shared/auth/credential.ts';
import { FAILURE_STATUS } from '#shared/contracts/failure-status.ts';
import type { Failure, FailureKind } from '#shared/domain/failure.ts';
import type { FamilyAdapter } from '#shared/http/pipeline.ts';
import { rateLimitHeaders } from '../rate-limit-headers.ts';

const TITLE: Readonly<Record<FailureKind, string>> = {
  invalid_request: 'Bad Request',
  unauthenticated: 'Unauthorized',
  forbidden: 'Forbidden',
  quota_exceeded: 'Quota Exceeded',
  not_found: 'Not Found',
  method_not_allowed: 'Method Not Allowed',
  conflict: 'Conflict',
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

/** The contract: at most 1 KiB. */
const X_ERROR_LENGTH_MAX = 1024;

/** The text of a failure as a header: one line of printable ASCII. */
function headerText(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .slice(0, X_ERROR_LENGTH_MAX)
    .trim();
}

/** The compute family: bearer token or key pair, errors in two headers and a problem document (RFC 9457). */
export const computeFamily: FamilyAdapter = {
  name: 'compute',
  credential: (headers) => readCredential(headers, { oneStringKey: false }),
  limitHeaders: rateLimitHeaders,
  failure: (failure: Failure, { errorId }) => ({
    status: FAILURE_STATUS[failure.kind],
    contentType: 'application/problem+json',
    headers: {
      'x-error': headerText(failure.message),
      'x-error-id': errorId,
      ...(failure.kind === 'unauthenticated' ? { 'www-authenticate': 'Bearer realm="compute-api"' } : {}),
    },
    body: {
      type: 'about:blank',
      title: TITLE[failure.kind],
      status: FAILURE_STATUS[failure.kind],
      detail: failure.message,
      reason: failure.reason,
      errorId,
      ...(failure.fields.length === 0 ? {} : { errors: failure.fields }),
    },
  }),
};
