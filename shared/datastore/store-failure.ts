import { Failure } from '#shared/domain/failure.ts';

/** The answer to a commit was lost, so the commit may or may not have been applied. */
export class UncertainCommit extends Error {
  override readonly name = 'UncertainCommit';
}

export const STATUS = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
};

/** Codes that leave the outcome unknown: gRPC also reports a broken stream as CANCELLED, UNKNOWN or INTERNAL. */
export const NO_ANSWER: ReadonlySet<number | undefined> = new Set([
  STATUS.cancelled,
  STATUS.unknown,
  STATUS.deadlineExceeded,
  STATUS.internal,
  STATUS.unavailable,
]);

export function grpcCode(thrown: unknown): number | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' ? thrown.code : undefined;
}

/** A query is refused while its index is built, which takes minutes to hours. */
const INDEX_RETRY_SECONDS = 60;

export function toFailure(thrown: unknown): Failure {
  const code = grpcCode(thrown);
  // A commit that meets it is a `Conflict`.
  if (code === STATUS.failedPrecondition) return unavailable(thrown, INDEX_RETRY_SECONDS);
  const passing = NO_ANSWER.has(code) || code === STATUS.aborted || code === STATUS.resourceExhausted;
  return passing || thrown instanceof UncertainCommit ? unavailable(thrown) : Failure.from(thrown);
}

export function causeOf(thrown: unknown): unknown {
  return thrown instanceof Failure ? thrown.cause : thrown;
}

/**
 * Returns whether a cursor is valid base64url. Node.js ignores invalid characters, so an invalid cursor could become
 * empty, which means the first page.
 */
export function isEncoded(cursor: string): boolean {
  return cursor !== '' && Buffer.from(cursor, 'base64url').toString('base64url') === cursor;
}

export function badCursor(cause?: unknown): Failure {
  return new Failure('invalid_request', 'The cursor is not one that this list answered.', {
    reason: 'invalid_cursor',
    fields: [{ place: 'query', pointer: '/cursor', message: 'is not a cursor of this list', rule: 'cursor' }],
    cause,
  });
}

function unavailable(thrown: unknown, retryAfterSeconds = 2): Failure {
  return new Failure('unavailable', 'Our records cannot be reached right now. Please try again.', {
    reason: 'datastore_unavailable',
    retryAfterSeconds,
    cause: thrown,
  });
}
