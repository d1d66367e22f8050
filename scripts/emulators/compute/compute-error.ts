import type { JsonObject } from './json-object.ts';

/**
 * A refusal in Compute Engine's own words. `reason` is what its clients branch on; the body has the legacy shape that
 * Compute Engine still answers with (no `status`, no `details`).
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

/** Reasons and texts that Compute Engine's front end uses for the statuses that a fault can ask for. */
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
 * The refusal for an `error` fault. Compute Engine says «too many requests» with 403 and `rateLimitExceeded`, never with
 * 429, so that is what a fault with status 429 becomes.
 */
export function injectedError(status: number): ComputeError {
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
