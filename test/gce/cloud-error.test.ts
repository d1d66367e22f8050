import { describe, expect, test } from 'vitest';
import { CLOUD_REASONS, CloudError, reasonOf, toCloudError } from '#shared/gce/cloud-error.ts';

/** Returns the error that Google's client throws for an error response. */
function thrownFor(status: number, body: unknown): Error {
  return Object.assign(new Error('client says something'), {
    httpStatusCode: status,
    [Symbol.for('google-gax.rawHttpResponsePayload')]: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function answer(code: number, reason: string, message = 'Said by Compute Engine.') {
  return { error: { code, message, errors: [{ reason, message, domain: 'global' }] } };
}

test.each([
  [403, 'rateLimitExceeded', 'rate_limited'],
  [403, 'userRateLimitExceeded', 'rate_limited'],
  [403, 'quotaExceeded', 'quota_exceeded'],
  [403, 'forbidden', 'permission_denied'],
  [403, 'something new', 'unknown'],
  [400, 'something new', 'unknown'],
  [400, 'badRequest', 'invalid_argument'],
  [413, 'fieldSizeTooLarge', 'invalid_argument'],
  [401, 'authError', 'permission_denied'],
  [404, 'notFound', 'not_found'],
  [409, 'alreadyExists', 'already_exists'],
  [400, 'resourceNotReady', 'not_ready'],
  [400, 'invalid', 'invalid_argument'],
  [412, 'conditionNotMet', 'stale'],
  [429, 'something new', 'rate_limited'],
  [408, 'something new', 'rate_limited'],
  [500, 'backendError', 'backend_error'],
  [503, 'something new', 'backend_error'],
  [418, 'something new', 'unknown'],
])('an answer %i %s is %s', (status, reason, expected) => {
  const error = toCloudError(thrownFor(status, answer(status, reason)));

  expect(error).toBeInstanceOf(CloudError);
  expect(error).toMatchObject({ reason: expected, message: 'Said by Compute Engine.' });
});

test.each([
  ['ZONE_RESOURCE_POOL_EXHAUSTED', 'zone_exhausted'],
  ['ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS', 'zone_exhausted'],
  ['QUOTA_EXCEEDED', 'quota_exceeded'],
  ['IP_SPACE_EXHAUSTED', 'ip_space_exhausted'],
  ['IP_SPACE_EXHAUSTED_WITH_DETAILS', 'ip_space_exhausted'],
  ['PREEMPTED', 'preempted'],
  ['A_CODE_OF_TOMORROW', 'unknown'],
  ['RATE_LIMIT_EXCEEDED', 'rate_limited'],
  ['RESOURCE_NOT_FOUND', 'not_found'],
  ['RESOURCE_IN_USE_BY_ANOTHER_RESOURCE', 'not_ready'],
  ['UNSUPPORTED_OPERATION', 'invalid_argument'],
  ['INTERNAL_ERROR', 'backend_error'],
])('an operation that ended with %s is %s, whatever its status', (code, expected) => {
  expect(reasonOf(code, 400)).toBe(expected);
});

test('a 403 without a reason is a missing permission, a 400 without one a wrong argument', () => {
  expect([reasonOf(undefined, 403), reasonOf(undefined, 400)]).toEqual(['permission_denied', 'invalid_argument']);
});

describe('no answer is not a refusal', () => {
  test.each([
    new Error('socket hang up'),
    Object.assign(new Error('deadline'), { code: 4 }),
    'text',
    undefined,
    Object.assign(new Error('odd'), { httpStatusCode: 'ECONNRESET' }),
  ])('%s counts as lost', (thrown) => {
    const error = toCloudError(thrown);

    expect([error.reason, error.refused, error.transient]).toEqual(['lost', false, true]);
    expect(error.cause).toBe(thrown);
  });

  test.each(['<html>502</html>', 'null', '7', '{"error":null}'])('an error page %s is judged by its status', (body) => {
    expect(toCloudError(thrownFor(502, body)).reason).toBe('backend_error');
  });
});

test('what is already one stays as it is', () => {
  const error = new CloudError('zone_exhausted', 'No capacity.');

  expect(toCloudError(error)).toBe(error);
});

test('which reasons leave the outcome open, and which may pass', () => {
  const told = CLOUD_REASONS.map((reason) => {
    const { refused, transient } = new CloudError(reason, '');
    return `${reason}: ${refused ? 'not applied' : 'perhaps applied'}, ${transient ? 'again' : 'final'}`;
  });

  expect(told).toEqual([
    'quota_exceeded: not applied, final',
    'permission_denied: not applied, final',
    'rate_limited: not applied, again',
    'zone_exhausted: not applied, final',
    'ip_space_exhausted: not applied, final',
    'preempted: not applied, final',
    'not_found: not applied, final',
    'already_exists: not applied, final',
    'not_ready: not applied, again',
    'stale: not applied, again',
    'invalid_argument: not applied, final',
    'backend_error: perhaps applied, again',
    'lost: perhaps applied, again',
    'unknown: not applied, again',
  ]);
});
