import { status } from '@grpc/grpc-js';

/** A refusal, as gRPC carries it: grpc-js sends `code` and `details` of what a handler fails with. */
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
