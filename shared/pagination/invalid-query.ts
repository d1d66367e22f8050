import { Failure, type InvalidField } from '#shared/domain/failure.ts';

/**
 * Returns the failure for query parameters that only an action can validate, in the same format as schema validation.
 */
export function invalidQuery(fields: readonly Omit<InvalidField, 'place'>[]): Failure {
  const all = fields.map((field): InvalidField => ({ place: 'query', ...field }));
  const text = all.map(({ pointer, message }) => `query${pointer.replaceAll('/', '.')} ${message}`).join('; ');
  const onlyCursors = all.length > 0 && all.every(({ rule }) => rule === CURSOR_RULE);
  return new Failure('invalid_request', `The request is not valid: ${text}.`, {
    fields: all,
    ...(onlyCursors ? { reason: 'invalid_cursor' } : {}),
  });
}

const CURSOR_RULE = 'cursor';

/** Describes a cursor that is not valid for this list and caller; `parameter` is the query parameter's name. */
export function foreignCursor(parameter: 'cursor' | 'next_cursor'): Omit<InvalidField, 'place'> {
  return { pointer: `/${parameter}`, message: 'is not a cursor of this list', rule: CURSOR_RULE };
}
