const COMMON = `**Credentials.** Send \`Authorization: Bearer TOKEN\`, or the pair \`api-key\` and \`api-secret\`, or \`X-API-Key\` with both
halves in one string; each works in every family. Several at once, or half a pair, is an error.

**Errors.** Every error has the headers \`x-error\` (a sentence), \`x-error-reason\` (a stable word for programs, of a closed list)
and \`x-error-id\` (to quote to support). \`/docs/errors/REASON\` says what a reason means and what to do. An invalid request is
answered with everything that is wrong with it, at once. What does not exist and what you may not see get the same answer.

**Headers.** Every answer has \`x-request-id\`: the one that was sent, if it was a sane token, or a new one; every log line has it.`;

const RATE_LIMIT = `**Limits.** Requests are limited per minute, customer and kind of operation. Answers to requests that are counted have
\`RateLimit-Policy\` (\`"create";q=10;w=60\`: requests and window in seconds) and \`RateLimit\` (\`"create";r=9;t=41\`: what is left, and seconds
until there are more); a 429 says in \`Retry-After\` when to come back. How many instances can exist at the same time is a quota.`;

const METHODS = `**Methods.** HEAD works wherever GET does. Other methods of a known path are answered with 405 and \`Allow\`, unknown paths with
404; a path with a slash at its end is an unknown path. Bodies may have 256 KiB.`;

const PROBLEMS = `**Problems.** Errors are \`application/problem+json\`, whose \`type\` is the page of the reason, relative to this API's address.`;

const ELSEWHERE = 'The same machines are in the other families, whose documents are listed by `GET /`.';

/** Introduction of the document that refers to all others. */
export const INTRODUCTION = `Virtual machines on Google Cloud, through three families of paths that show the same machines.

Each family has a document of its own, which this one refers to and which can be read by itself:

- [openapi/compute.json](openapi/compute.json): \`/api/compute/v1\`, machines from templates; limits and quotas
- [openapi/resource.json](openapi/resource.json): \`/v1\`, machines as \`metadata\`, \`spec\` and \`status\`
- [openapi/fleet.json](openapi/fleet.json): \`/v2\`, projects, spot bids, reservations and volumes
- [openapi/admin.json](openapi/admin.json): \`/api/compute/v1/admin\`, everything of all customers, for administrators

${COMMON}

${METHODS}`;

/** A self-contained document. */
export interface DocumentPart {
  readonly name: string;
  readonly title: string;
  /** The document has the paths below these prefixes, except for paths of which another document has a longer prefix. */
  readonly below: readonly string[];
  readonly introduction: string;
}

export const DOCUMENTS: readonly DocumentPart[] = [
  {
    name: 'compute',
    title: 'Compute API',
    below: ['/api/compute/v1', '/api/billing/v1'],
    introduction: introduction(
      `Create virtual machines from templates, and start, stop, restart, reset, edit and delete them. ${ELSEWHERE}`,
      PROBLEMS,
      RATE_LIMIT,
    ),
  },
  {
    name: 'resource',
    title: 'Compute API: resources',
    below: ['/v1'],
    introduction: introduction(
      `Create virtual machines from a specification; each is shown as \`metadata\`, \`spec\` and \`status\`. ${ELSEWHERE}`,
      'The body of an error is `{"error": "…"}`.',
      `**Keys.** \`X-API-Key\` is id, \`_\`, secret; gateways may log its value: prefer a bearer token or the pair.

**Limits.** \`X-RateLimit-Limit\`, \`X-RateLimit-Remaining\` and \`X-RateLimit-Reset\` (the end of the minute, in Unix seconds) are on every
answer, with -1 where nothing is counted; a 429 says in \`Retry-After\` when to come back.`,
    ),
  },
  {
    name: 'fleet',
    title: 'Compute API: fleet',
    below: ['/v2'],
    introduction: introduction(
      `Projects, spot bids and reservations, volumes, batches of power, histories of status and price. ${ELSEWHERE}`,
      'The body of an error is `{"detail": …}`: a sentence, or a list of what is wrong. Unknown query parameters are passed over.',
      RATE_LIMIT,
    ),
  },
  {
    name: 'admin',
    title: 'Compute API: administration',
    below: ['/api/compute/v1/admin'],
    introduction: introduction(
      'Instances, operations and dead letters of all customers, suspension, and the audit trail, for callers with the role `compute_admin`.',
      PROBLEMS,
      RATE_LIMIT,
    ),
  },
];

function introduction(...[first, ...rest]: readonly string[]): string {
  return [first, COMMON, ...rest, METHODS].join('\n\n');
}
