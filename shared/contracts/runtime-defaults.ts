import type { FunctionRuntime } from './contract.ts';

/**
 * How an API function runs when its contract says nothing. A whole vCPU is what allows concurrency above 1; the gateway
 * gives up a little before the function does, so that the caller's answer and the log agree about who was late.
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

/** How a worker runs when its contract says nothing. */
export const WORKER_RUNTIME: FunctionRuntime = {
  memoryMb: 512,
  cpu: 1,
  concurrency: 20,
  timeoutSeconds: 120,
  deadlineSeconds: 110,
  minInstances: 0,
  maxInstances: 20,
};
