import type { Stockout } from './stockout.ts';

/**
 * Why a call to Compute Engine failed. A closed list, so that actions need not depend on status codes.
 *
 * - `lost`: no answer arrived; the request may have been applied.
 * - `rate_limited`: also returned as 403 rateLimitExceeded, which must not be mistaken for a missing permission.
 * - `stale`: the resource has changed since it was read.
 * - `preempted`: Compute Engine pre-empted a Spot VM before the operation ended.
 * - `unknown`: the error word is in no table below, and the HTTP status does not determine its meaning.
 */
export const CLOUD_REASONS = [
  'quota_exceeded',
  'permission_denied',
  'rate_limited',
  'zone_exhausted',
  'ip_space_exhausted',
  'preempted',
  'not_found',
  'already_exists',
  'not_ready',
  'stale',
  'invalid_argument',
  'backend_error',
  'lost',
  'unknown',
] as const;
export type CloudReason = (typeof CLOUD_REASONS)[number];

/** Compute Engine refused a call or did not answer. The message is its own text, for the log only. */
export class CloudError extends Error {
  override readonly name = 'CloudError';
  readonly reason: CloudReason;
  /** For `zone_exhausted`: the zones with capacity, if Compute Engine named them. */
  readonly stockout: Stockout | undefined;

  constructor(
    reason: CloudReason,
    message: string,
    { stockout, ...options }: { readonly cause?: unknown; readonly stockout?: Stockout | undefined } = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.stockout = stockout;
  }

  /** True if the request was certainly not applied, so it is safe to repeat it or to give up. */
  get refused(): boolean {
    return this.reason !== 'lost' && this.reason !== 'backend_error';
  }

  /** True if the same request may succeed a little later. */
  get transient(): boolean {
    return TRANSIENT.has(this.reason);
  }
}

const TRANSIENT: ReadonlySet<CloudReason> = new Set<CloudReason>([
  'rate_limited',
  'not_ready',
  'stale',
  'backend_error',
  'lost',
  // An unknown error may be temporary. Retries are limited in number, while giving up at once would be final.
  'unknown',
]);

/**
 * Reasons of rejected requests (`error.errors[].reason`) and codes of failed operations
 * (`operation.error.errors[].code`). Sources: for the former, the error list of Google's API guidelines; for the
 * latter, https://docs.cloud.google.com/compute/docs/troubleshooting and reports of users (nodejs-compute#459,
 * python-compute#279, karpenter-provider-gcp#176, k8s.io#9834).
 */
const REASONS: Readonly<Record<string, CloudReason>> = {
  // Request time.
  quotaExceeded: 'quota_exceeded',
  rateLimitExceeded: 'rate_limited',
  userRateLimitExceeded: 'rate_limited',
  forbidden: 'permission_denied',
  authError: 'permission_denied',
  insufficientPermissions: 'permission_denied',
  accessNotConfigured: 'permission_denied',
  notFound: 'not_found',
  alreadyExists: 'already_exists',
  resourceNotReady: 'not_ready',
  resourceInUseByAnotherResource: 'not_ready',
  conditionNotMet: 'stale',
  badRequest: 'invalid_argument',
  invalid: 'invalid_argument',
  invalidParameter: 'invalid_argument',
  required: 'invalid_argument',
  parseError: 'invalid_argument',
  fieldSizeTooLarge: 'invalid_argument',
  backendError: 'backend_error',
  internalError: 'backend_error',
  // Operation time.
  QUOTA_EXCEEDED: 'quota_exceeded',
  RATE_LIMIT_EXCEEDED: 'rate_limited',
  // This error has status 403 but is unrelated to permissions.
  RESOURCE_OPERATION_RATE_EXCEEDED: 'rate_limited',
  PERMISSION_DENIED: 'permission_denied',
  PERMISSIONS_ERROR: 'permission_denied',
  ZONE_RESOURCE_POOL_EXHAUSTED: 'zone_exhausted',
  ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: 'zone_exhausted',
  REGION_RESOURCE_POOL_EXHAUSTED: 'zone_exhausted',
  RESOURCE_POOL_EXHAUSTED: 'zone_exhausted',
  GPU_STOCKOUT: 'zone_exhausted',
  IP_SPACE_EXHAUSTED: 'ip_space_exhausted',
  IP_SPACE_EXHAUSTED_WITH_DETAILS: 'ip_space_exhausted',
  PREEMPTED: 'preempted',
  RESOURCE_NOT_FOUND: 'not_found',
  RESOURCE_ALREADY_EXISTS: 'already_exists',
  RESOURCE_NOT_READY: 'not_ready',
  RESOURCE_IN_USE_BY_ANOTHER_RESOURCE: 'not_ready',
  UNSUPPORTED_OPERATION: 'invalid_argument',
  INVALID_USAGE: 'invalid_argument',
  INVALID_FIELD_VALUE: 'invalid_argument',
  INTERNAL_ERROR: 'backend_error',
};

/** Returns the reason for an HTTP status that has only one meaning; `undefined` for others, such as 400 and 403. */
function reasonOfStatus(status: number): CloudReason | undefined {
  if (status === 401) return 'permission_denied';
  if (status === 404) return 'not_found';
  if (status === 409) return 'already_exists';
  if (status === 412) return 'stale';
  if (status === 408 || status === 429) return 'rate_limited';
  return status >= 500 ? 'backend_error' : undefined;
}

/**
 * Returns the reason for an error word and status. Without a word, 403 means a missing permission and another 4xx an
 * invalid argument; an unknown word means `unknown`.
 */
export function reasonOf(word: string | undefined, status: number): CloudReason {
  if (word !== undefined && Object.hasOwn(REASONS, word)) return REASONS[word] ?? 'unknown';
  const plain = reasonOfStatus(status);
  if (plain !== undefined) return plain;
  if (word !== undefined) return 'unknown';
  return status === 403 ? 'permission_denied' : 'invalid_argument';
}

interface ErrorBody {
  readonly error?: {
    readonly code?: number;
    readonly message?: string;
    readonly errors?: readonly { readonly reason?: string }[];
  };
}

/**
 * Property in which Google's client keeps the body of an error response. Only the body distinguishes 403
 * rateLimitExceeded from 403 forbidden; the client's own `code` and `message` do not.
 */
const RAW_BODY = Symbol.for('google-gax.rawHttpResponsePayload');

/**
 * Converts an exception of the client to a CloudError. Everything that is not a response of Compute Engine counts as
 * `lost`.
 */
export function toCloudError(thrown: unknown): CloudError {
  if (thrown instanceof CloudError) return thrown;
  if (!(thrown instanceof Error)) return new CloudError('lost', String(thrown), { cause: thrown });
  const body = parseBody(RAW_BODY in thrown ? thrown[RAW_BODY] : undefined);
  const status = body?.error?.code ?? ('httpStatusCode' in thrown ? thrown.httpStatusCode : undefined);
  if (typeof status !== 'number') return new CloudError('lost', thrown.message, { cause: thrown });
  const word = body?.error?.errors?.[0]?.reason;
  return new CloudError(reasonOf(word, status), body?.error?.message ?? thrown.message, { cause: thrown });
}

function parseBody(text: unknown): ErrorBody | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
