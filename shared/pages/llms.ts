import { operationsOf } from './document.ts';
import type { Documents } from './reason-pages.ts';

const BEGINNING = `# Compute API

> Self-service virtual machines on Google Cloud: create, list, read, start, stop, restart, reset, edit and delete them over REST.

One key opens three families of paths that show the same machines: \`/api/compute/v1\` (templates), \`/v1\` (metadata, spec, status)
and \`/v2\` (projects, spot bids, volumes). Send \`Authorization: Bearer TOKEN\`, or \`api-key\` with \`api-secret\`, or \`X-API-Key\`; one of them.

- Begin with \`GET /\`: what to ask, create, edit and delete in each family, with bodies.
- Ask what there is before you create. Prices per hour are in these answers.
- A create answers before the machine runs. Follow the header \`Operation-Location\` with \`?wait=30\`, or read the instance.
- Send an \`Idempotency-Key\` (a UUID) with every POST, and repeat a POST whose answer was lost with the same key.
- Every error has the header \`x-error-reason\`, one word of a closed list; \`/docs/errors/REASON\` says what to do. Messages name what exists.
- What failed later, and why: the list of operations, and \`history\` of an instance.
- An instance costs money until it is deleted; a stopped one still counts against the quota.
- \`GET /api/compute/v1/instances\` answers 404 \`no_instances\` when there are none.

## Documentation

- [API reference](/docs): every endpoint, with a form to try it
- [OpenAPI, all by reference](/docs/openapi.json): OpenAPI 3.1; refers to the documents below
- [OpenAPI, compute family and limits](/docs/openapi/compute.json)
- [OpenAPI, resource family](/docs/openapi/resource.json)
- [OpenAPI, fleet family](/docs/openapi/fleet.json)
- [OpenAPI, administration](/docs/openapi/admin.json)
- [Reasons](/docs/errors): every error; \`Accept: application/json\` answers all as data
`;

/**
 * Returns a summary of the API for language models (https://llmstxt.org): their most frequent mistakes, and every
 * endpoint.
 */
export function llmsText(documents: Documents): string {
  const sections = Object.values(documents).map(
    (document) =>
      `## ${document.info.title}\n\n${operationsOf(document)
        .map(({ place, summary }) => `- \`${place}\`: ${summary}`)
        .join('\n')}\n`,
  );
  return [BEGINNING, ...sections].join('\n');
}
