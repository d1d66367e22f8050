/** Headers of an answer that accepts an operation. */
export const OPERATION_HEADERS = {
  'Operation-Location': 'Path of the operation, to follow it.',
  'x-operation-id': 'Id of the operation.',
} as const;

/** Headers of an answer that tells of something new, and of the operation that makes it. */
export const CREATED_HEADERS = { Location: 'Path of what was made.', ...OPERATION_HEADERS } as const;
