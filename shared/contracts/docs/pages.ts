import type { PagesContract } from '../contract.ts';

/**
 * Pages that can be read without a credential. Cloud Run reserves paths that end in `z`, so the health check is
 * `/health`.
 */
export const pages: PagesContract = {
  name: 'docs-pages',
  family: 'compute',
  prefixes: ['/docs'],
  paths: ['/', '/health', '/llms.txt'],
  description: 'Index, API reference, OpenAPI documents, a page for each reason, and a summary for language models.',
  clients: [],
  runtime: { memoryMb: 256, timeoutSeconds: 20, deadlineSeconds: 15, maxInstances: 10 },
};
