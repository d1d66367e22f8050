import { Failure, type InvalidField } from '#shared/domain/failure.ts';

/** What is wrong with parameters that only an action can judge, in the form in which the checks say it. */
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

/** A cursor that does not open for this list and caller; `parameter` is the name under which it was sent. */
export function foreignCursor(parameter: 'cursor' | 'next_cursor'): Omit<InvalidField, 'place'> {
  return { pointer: `/${parameter}`, message: 'is not a cursor of this list', rule: CURSOR_RULE };
}
