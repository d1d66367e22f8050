import { Failure, type InvalidField } from '#shared/domain/failure.ts';

/** What is wrong with parameters that only an action can judge, in the form in which the checks say it. */
export function invalidQuery(fields: readonly Omit<InvalidField, 'place'>[]): Failure {
  const all = fields.map((field): InvalidField => ({ place: 'query', ...field }));
  const text = all.map(({ pointer, message }) => `query${pointer.replaceAll('/', '.')} ${message}`).join('; ');
  return new Failure('invalid_request', `The request is not valid: ${text}.`, { fields: all });
}

export const FOREIGN_CURSOR = {
  pointer: '/next_cursor',
  message: 'is not a cursor of this list',
  rule: 'cursor',
} as const;
