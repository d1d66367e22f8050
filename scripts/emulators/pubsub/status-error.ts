import { status } from '@grpc/grpc-js';

/** An error with its gRPC status: grpc-js sends the `code` and `details` with which a handler fails. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly details: string;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

export function invalidArgument(details: string): StatusError {
  return new StatusError(status.INVALID_ARGUMENT, details);
}

export function failedPrecondition(details: string): StatusError {
  return new StatusError(status.FAILED_PRECONDITION, details);
}

export function notFound(name: string): StatusError {
  return new StatusError(status.NOT_FOUND, `Resource not found (resource=${name}).`);
}

export function alreadyExists(name: string): StatusError {
  return new StatusError(status.ALREADY_EXISTS, `Resource already exists in the project (resource=${name}).`);
}
