import type { FailureKind } from '#shared/domain/failure.ts';

export const TAGS = [
  { name: 'Instances', description: 'Create, read and delete virtual machines.' },
  { name: 'Power', description: 'Start, stop, restart and reset them.' },
  { name: 'SSH keys', description: 'Who may log in.' },
  { name: 'Catalogue', description: 'What they can be made from.' },
  { name: 'Operations', description: 'Follow changes that were accepted.' },
  { name: 'Administration', description: 'Instances of all customers, for administrators.' },
  { name: 'Resources', description: 'The resource family: instances as metadata, spec and status.' },
  { name: 'Fleet', description: 'The fleet family: projects, batches, histories of status and price.' },
  { name: 'Limits', description: 'What you may use, and what you have used.' },
] as const;

/** What each kind of failure means to the caller. */
export const WHAT_FAILED: Readonly<Record<FailureKind, string>> = {
  invalid_request: '`invalid_request`: the request is malformed; `errors` lists everything that is wrong with it.',
  unauthenticated: '`unauthenticated`: no credential, half a pair, two kinds at once, or one that is not valid.',
  forbidden: '`forbidden`: the credential is valid, but lacks the role.',
  quota_exceeded: '`quota_exceeded`: the customer has as many instances as its tier allows.',
  not_found: '`not_found`: there is no such thing, or none that you may see.',
  method_not_allowed: '`method_not_allowed`: the path has no such method; `Allow` lists those it has.',
  conflict:
    '`conflict`: the instance is not in a state that allows this; or a request with the same `Idempotency-Key` is still being worked on.',
  payload_too_large: '`payload_too_large`: the body has more than 256 KiB.',
  unprocessable: '`unprocessable`: the `Idempotency-Key` was used before, with another request.',
  rate_limited: '`rate_limited`: too many requests, or too many failed sign-ins from this address, in this minute.',
  request_aborted: '`request_aborted`: the caller closed the connection.',
  cloud_failed: '`cloud_failed`: Compute Engine refused or failed; `reason` says more.',
  internal: '`internal`: something went wrong on our side.',
  not_implemented: '`not_implemented`: this service does not offer that.',
  zone_exhausted: '`zone_exhausted`: the zone has no capacity for this machine type now; other zones may have.',
  unavailable: '`unavailable`: a part of the service does not answer at the moment.',
};

const TITLES: Readonly<Record<FailureKind, string>> = {
  invalid_request: 'Bad Request',
  unauthenticated: 'Unauthorized',
  forbidden: 'Forbidden',
  quota_exceeded: 'Forbidden',
  not_found: 'Not Found',
  method_not_allowed: 'Method Not Allowed',
  conflict: 'Conflict',
  payload_too_large: 'Content Too Large',
  unprocessable: 'Unprocessable Content',
  rate_limited: 'Too Many Requests',
  request_aborted: 'Client Closed Request',
  cloud_failed: 'Internal Server Error',
  internal: 'Internal Server Error',
  not_implemented: 'Not Implemented',
  zone_exhausted: 'Service Unavailable',
  unavailable: 'Service Unavailable',
};

const DETAILS: Readonly<Record<FailureKind, string>> = {
  invalid_request: 'The request is not valid.',
  unauthenticated: 'The request has no valid credential.',
  forbidden: 'This needs a role that you do not have.',
  quota_exceeded: 'Your tier allows 3 instances, and you have 3.',
  not_found: 'There is no such thing, or none that you may see.',
  method_not_allowed: 'This path does not have that method.',
  conflict: 'The instance is TERMINATED.',
  payload_too_large: 'The body has more than 256 KiB.',
  unprocessable: 'The Idempotency-Key was used with another request.',
  rate_limited: 'Too many requests in this minute.',
  request_aborted: 'The request was broken off.',
  cloud_failed: 'GCP operation failed.',
  internal: 'Something went wrong on our side. Please try again, and quote the error id if it persists.',
  not_implemented: 'This is not offered.',
  zone_exhausted: 'The zone has no capacity for this machine type at the moment.',
  unavailable: 'Please try again.',
};

/** A problem as the service sends it. */
export function problemExample(kind: FailureKind, status: number) {
  return {
    type: 'about:blank',
    title: TITLES[kind],
    status,
    detail: DETAILS[kind],
    reason: kind,
    errorId: '0cc175b9c0f1b6a831c399e269772661',
    ...(kind === 'invalid_request'
      ? {
          errors: [
            {
              pointer: '',
              place: 'query',
              message: 'There is no parameter called "colour".',
              rule: 'additionalProperties',
            },
          ],
        }
      : {}),
  };
}

/** The same as the resource family sends it. */
export function resourceErrorExample(kind: FailureKind) {
  return { error: RESOURCE_ERRORS[kind] ?? DETAILS[kind] };
}

const RESOURCE_ERRORS: Readonly<Partial<Record<FailureKind, string>>> = {
  invalid_request: 'The request is not valid: body.spec.vcpus must be integer.',
  not_found: 'instance not found: inst-550e84-a1b2c3d4',
  unprocessable: 'The request cannot be honoured: spec.image "ubuntu-2204" is not known; spec.vcpus must be 1 or even.',
};

/** An error of the fleet family as the service sends it. */
export function fleetErrorExample(kind: FailureKind) {
  if (kind !== 'invalid_request') return { detail: DETAILS[kind] };
  return { detail: [{ loc: ['query', 'limit'], msg: 'must be <= 100', type: 'less_than_equal' }] };
}
