import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import type { InvalidField } from '#shared/domain/failure.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';

/** 1 to 255 visible ASCII characters. */
const KEY = /^[\x21-\x7e]{1,255}$/;

const NOT_A_KEY: InvalidField = {
  place: 'header',
  pointer: '/idempotency-key',
  message: 'must be 1 to 255 visible ASCII characters',
  rule: 'pattern',
};

/** Returns what is wrong with the header; nothing if it is valid or absent. */
export function checkIdempotencyKey(header: string | undefined): readonly InvalidField[] {
  return header === undefined || KEY.test(header) ? [] : [NOT_A_KEY];
}

/** Returns the idempotency key for a valid header; `undefined` if the header is absent. */
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

/** Normalizes a body, so that the same JSON in another layout has the same hash; other text is used unchanged. */
function canonical(body: string): string {
  try {
    return sortedJson(JSON.parse(body));
  } catch {
    return body;
  }
}

/** Returns JSON text with sorted members, so that equal values yield equal text. */
export function sortedJson(value: unknown): string {
  return stringify(value) ?? '';
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
