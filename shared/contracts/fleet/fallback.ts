import type { FallbackContract } from '../contract.ts';

export const fallback: FallbackContract = {
  name: 'fleet-fallback',
  family: 'fleet',
  prefixes: ['/v2'],
  description: "Answers unknown paths (404) and wrong methods (405 with Allow) in the fleet family's envelope.",
  clients: [],
  runtime: { memoryMb: 256, timeoutSeconds: 10, deadlineSeconds: 9, maxInstances: 10 },
};
