import type { JsonObject } from './json-object.ts';

/**
 * An error in Compute Engine's own words. Clients decide by `reason`. The body has the legacy format that Compute
 * Engine still uses (no `status`, no `details`).
 */
export class ComputeError extends Error {
  override readonly name = 'ComputeError';
  readonly status: number;
  readonly reason: string;
  readonly location: string | undefined;

  constructor(status: number, reason: string, message: string, location?: string) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.location = location;
  }

  body(): JsonObject {
    const place = this.location === undefined ? {} : { location: this.location, locationType: 'parameter' };
    return {
      error: {
        code: this.status,
        message: this.message,
        errors: [{ message: this.message, domain: 'global', reason: this.reason, ...place }],
      },
    };
  }
}

export function invalidField(field: string, value: string, why: string): ComputeError {
  return new ComputeError(400, 'invalid', `Invalid value for field '${field}': '${value}'. ${why}`);
}

export function requiredField(field: string): ComputeError {
  return new ComputeError(400, 'required', `Required field '${field}' not specified`);
}

export function notFound(resourceName: string): ComputeError {
  return new ComputeError(404, 'notFound', `The resource '${resourceName}' was not found`);
}

export function alreadyExists(resourceName: string): ComputeError {
  return new ComputeError(409, 'alreadyExists', `The resource '${resourceName}' already exists`);
}

export function notReady(resourceName: string): ComputeError {
  return new ComputeError(400, 'resourceNotReady', `The resource '${resourceName}' is not ready`);
}

export function badRequest(message: string): ComputeError {
  return new ComputeError(400, 'badRequest', message);
}

/**
 * Returns the 413 for a list or text beyond its limit, as for two GPU types (machine-controller's report) or metadata
 * of 300 KiB.
 */
export function tooLarge(field: string, unit: 'element' | 'character', max: number, actual: number): ComputeError {
  const message = `Value for field '${field}' is too large: maximum size ${max} ${unit}(s); actual size ${actual}.`;
  return new ComputeError(413, 'fieldSizeTooLarge', message);
}

/**
 * Returns the error for a body that refers to something that does not exist (terraform-provider-google#2140, bdutil,
 * karpenter-provider-gcp).
 */
export function unknownReference(field: string, reference: string, kind: string): ComputeError {
  return invalidField(field, reference, `The referenced ${kind} resource cannot be found.`);
}

/**
 * Returns the error for features that one VM cannot combine (dsub#301, skypilot#212): disk types, accelerators and the
 * machine type.
 */
export function incompatible(features: readonly string[]): ComputeError {
  return badRequest(`[${features.join(', ')}] features are not compatible for creating instance.`);
}

/** Returns the error for a VM with more disks than its machine type allows. */
export function limitExceeded(resourceName: string, limit: number): ComputeError {
  const message = `Exceeded limit 'maximum_persistent_disks' on resource '${resourceName}'. Limit: ${limit}`;
  return new ComputeError(403, 'limitExceeded', message);
}

/** Returns the error for a change of a resource that another one uses. */
export function inUse(kind: string, resourceName: string, by: string): ComputeError {
  const message = `The ${kind} resource '${resourceName}' is already being used by '${by}'`;
  return new ComputeError(400, 'resourceInUseByAnotherResource', message);
}

/** Returns the error for a change that is based on an outdated fingerprint. */
export function staleFingerprint(message: string): ComputeError {
  return new ComputeError(412, 'conditionNotMet', message, 'If-Match');
}

/** Reasons and texts of Compute Engine's front end for the statuses that a fault can choose. */
const INJECTED: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ['invalid', "Invalid value for field 'resource': ''. The request is not valid."],
  401: ['authError', 'Invalid Credentials'],
  403: ['forbidden', "Required permission for the resource is missing, or the resource doesn't exist."],
  404: ['notFound', 'The resource was not found'],
  409: ['alreadyExists', 'The resource already exists'],
  412: ['conditionNotMet', 'Precondition Failed'],
  500: ['internalError', 'Internal error. Please try again or contact Google Support.'],
  502: ['backendError', 'Bad Gateway'],
  503: ['backendError', 'The service is currently unavailable. Please try again.'],
  504: ['backendError', 'The request timed out. Please try again.'],
};

/**
 * Returns the error for an `error` fault. Compute Engine reports too many requests with 403 and `rateLimitExceeded`,
 * never with 429, so a fault with status 429 becomes that. `word` replaces the usual reason of the status.
 */
export function injectedError(status: number, word?: string): ComputeError {
  if (word !== undefined) return new ComputeError(status, word, `Compute Engine refused with ${word}.`);
  if (status === 429) {
    return new ComputeError(
      403,
      'rateLimitExceeded',
      "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'compute.googleapis.com'.",
    );
  }
  const [reason, message] =
    INJECTED[status] ?? (status >= 500 ? ['backendError', 'Backend Error'] : ['badRequest', 'Bad Request']);
  return new ComputeError(status, reason, message);
}
