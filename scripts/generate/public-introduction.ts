/** The introduction of the public document. */
export const INTRODUCTION = `Create virtual machines from templates, and start, stop, restart, reset and delete them.

**Credentials.** Send \`Authorization: Bearer TOKEN\`, or the pair \`api-key\` and \`api-secret\`, or \`X-API-Key\` with both
halves in one string; each works in every family. Several at once, or half a pair, is an error.

**Errors.** Every error has the headers \`x-error\` (a sentence), \`x-error-reason\` (a stable word for programs, of a closed list)
and \`x-error-id\` (to quote to support). The endpoints below \`/api\` answer \`application/problem+json\`, whose \`type\` is the page of the
reason: \`/docs/errors/REASON\`. An invalid request is answered with everything that is wrong with it, at once. What does not
exist and what you may not see get the same answer.

**Headers.** Every answer has \`x-request-id\`, and the headers of the limit that it was counted by.

**Limits.** Requests are limited per minute, customer and kind of operation; \`RateLimit-Policy\` and \`RateLimit\` say where you
stand, and a 429 says in \`Retry-After\` when to come back. How many instances can exist at the same time is a quota.

**Methods.** HEAD works wherever GET does. Other methods of a known path are answered with 405 and \`Allow\`, unknown paths with
404; a path with a slash at its end is an unknown path. Bodies may have 256 KiB.

**Resources.** The endpoints below \`/v1\` show the same instances as \`metadata\`, \`spec\` and \`status\`. They also take
\`X-API-Key\` (id, \`_\`, secret), which gateways may log: prefer a bearer token or the pair. They answer errors as \`{"error": "…"}\` and say limits in \`X-RateLimit-Limit\`,
\`X-RateLimit-Remaining\` and \`X-RateLimit-Reset\` on every answer, with -1 where nothing is counted.`;
