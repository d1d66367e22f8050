/** Headers of responses, by name. */
export const HEADERS = {
  'x-request-id': {
    description:
      'Id of the request: the one that was sent, if it was a sane token, or a new one. Every log line has it.',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': {
    description: 'The limits that apply, if any: name, requests (`q`) and window in seconds (`w`).',
    schema: { type: 'string' },
    example: '"create";q=10;w=60',
  },
  RateLimit: {
    description: 'What is left, if there is a limit: requests (`r`) and seconds until there are more (`t`).',
    schema: { type: 'string' },
    example: '"create";r=9;t=41',
  },
  'X-RateLimit-Limit': {
    description: 'Requests of this kind that are allowed in a minute; -1 where nothing is counted.',
    schema: { type: 'integer', minimum: -1 },
  },
  'X-RateLimit-Remaining': {
    description: 'Requests of this kind that are left in this minute; -1 where nothing is counted.',
    schema: { type: 'integer', minimum: -1 },
  },
  'X-RateLimit-Reset': {
    description: 'When the minute is over, in Unix seconds.',
    schema: { type: 'integer', minimum: 0 },
  },
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
  'x-error': {
    description: 'What went wrong, for people: one line of printable ASCII.',
    schema: { type: 'string', maxLength: 1024 },
  },
  'x-error-id': {
    description: 'Unique id of this error, for support.',
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
} as const;

export const ALWAYS_HEADERS: readonly string[] = ['x-request-id'];

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
  requestId: {
    name: 'x-request-id',
    in: 'header',
    required: false,
    description: 'Id of your own for this request, to find it in logs.',
    schema: { type: 'string', maxLength: 128 },
  },
} as const;
