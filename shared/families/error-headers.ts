import type { Failure } from '#shared/domain/failure.ts';

/** Maximum length of the `x-error` header according to the contract: 1 KiB. */
const X_ERROR_LENGTH_MAX = 1024;

/** Converts a failure's text to a header value: one line of printable ASCII. */
function headerText(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .slice(0, X_ERROR_LENGTH_MAX)
    .trim();
}

/** Returns the headers of every error in all families: message, stable reason, and the id of this occurrence. */
export function errorHeaders(failure: Failure, errorId: string): Readonly<Record<string, string>> {
  return {
    'x-error': headerText(failure.message),
    'x-error-id': errorId,
    'x-error-reason': failure.reason,
    ...(failure.kind === 'unauthenticated' ? { 'www-authenticate': 'Bearer realm="compute-api"' } : {}),
  };
}
