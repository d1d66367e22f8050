import type { FunctionRuntime } from './contract.ts';

/**
 * Default settings of API functions. Concurrency above 1 requires a whole vCPU. The gateway times out slightly before
 * the function does, so that the caller's response and the log agree on which one was too slow.
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
