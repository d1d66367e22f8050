import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import type { InvalidField } from '#shared/domain/failure.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';

/** Visible ASCII, at most 255. */
const KEY = /^[\x21-\x7e]{1,255}$/;

const NOT_A_KEY: InvalidField = {
  place: 'header',
  pointer: '/idempotency-key',
  message: 'must be 1 to 255 visible ASCII characters',
  rule: 'pattern',
};

/** What is wrong with the header, if it was sent. */
export function checkIdempotencyKey(header: string | undefined): readonly InvalidField[] {
  return header === undefined || KEY.test(header) ? [] : [NOT_A_KEY];
}

/** The key of a header that is one; `undefined` when it was not sent. */
export function idempotencyKeyOf(
  header: string | undefined,
  scope: { readonly customerId: string; readonly endpoint: string; readonly path: string; readonly body: string },
): IdempotencyKey | undefined {
  if (header === undefined) return undefined;
  return {
    id: `${scope.customerId}|${scope.endpoint}|${sha256(header)}`,
    bodyHash: sha256(`${scope.path}\n${canonical(scope.body)}`),
  };
}

/** The same JSON in another layout is the same body; what is not JSON is compared as it is. */
function canonical(body: string): string {
  try {
    return sortedJson(JSON.parse(body));
  } catch {
    return body;
  }
}

/** JSON text that is the same for the same value, whatever the order of its members. */
export function sortedJson(value: unknown): string {
  return stringify(value) ?? '';
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
