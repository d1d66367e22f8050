import type { FunctionRuntime } from './contract.ts';

/**
 * Default settings of API functions. Concurrency above 1 requires a whole vCPU. `deadlineSeconds` is the gateway's
 * timeout. It is below the function's, so that the gateway always ends a slow request first.
 */
export const HTTP_RUNTIME: FunctionRuntime = {
  memoryMb: 512,
  cpu: 1,
  concurrency: 80,
  timeoutSeconds: 60,
  deadlineSeconds: 55,
  minInstances: 0,
  maxInstances: 50,
};

/** Default settings of workers. */
export const WORKER_RUNTIME: FunctionRuntime = {
  memoryMb: 512,
  cpu: 1,
  concurrency: 20,
  timeoutSeconds: 120,
  deadlineSeconds: 110,
  minInstances: 0,
  maxInstances: 20,
};
