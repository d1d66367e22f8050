/** Headers that only some responses have, by name. The introduction describes those that every response has. */
export const HEADERS = {
  'Retry-After': {
    description: 'Seconds after which the same request can succeed.',
    schema: { type: 'integer', minimum: 1 },
  },
  'idempotency-replayed': {
    description: '`true`, when this is the kept answer to an earlier request with the same `Idempotency-Key`.',
    schema: { type: 'string', enum: ['true'] },
  },
  Location: { description: 'Path of what was made.', schema: { type: 'string' } },
  'Operation-Location': { description: 'Path of the operation, to follow it.', schema: { type: 'string' } },
  'x-operation-id': { description: 'Id of the operation.', schema: { type: 'string' } },
  'Preference-Applied': {
    description: '`return=representation`, when the request preferred a body.',
    schema: { type: 'string' },
  },
} as const;

export const REQUEST_HEADERS = {
  idempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Makes a repeat safe: a request with the same key and body gets the first answer again. Kept for 24 hours, for your customer and this operation. Without a key, a request that is repeated on its way because a connection broke counts as two.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
  },
  prefer: {
    name: 'Prefer',
    in: 'header',
    required: false,
    description: '`return=representation`: answer with the operation as the body.',
    schema: { type: 'string' },
    example: 'return=representation',
  },
} as const;
