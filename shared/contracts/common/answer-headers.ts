/** Headers of a response that accepts an operation. */
export const OPERATION_HEADERS = {
  'Operation-Location': 'Path of the operation, to follow it.',
  'x-operation-id': 'Id of the operation.',
} as const;

/** Headers of a response about a new resource and the operation that creates it. */
export const CREATED_HEADERS = { Location: 'Path of what was made.', ...OPERATION_HEADERS } as const;
