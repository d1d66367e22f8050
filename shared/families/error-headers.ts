import type { Failure } from '#shared/domain/failure.ts';

/** The contract: at most 1 KiB. */
const X_ERROR_LENGTH_MAX = 1024;

/** The text of a failure as a header: one line of printable ASCII. */
function headerText(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .slice(0, X_ERROR_LENGTH_MAX)
    .trim();
}

/** Headers of every error in every family: what happened, the stable word for it, and the id of this occurrence. */
export function errorHeaders(failure: Failure, errorId: string): Readonly<Record<string, string>> {
  return {
    'x-error': headerText(failure.message),
    'x-error-id': errorId,
    'x-error-reason': failure.reason,
    ...(failure.kind === 'unauthenticated' ? { 'www-authenticate': 'Bearer realm="compute-api"' } : {}),
  };
}
