import { toCloudError } from '#shared/gce/cloud-error.ts';
import type { Tools } from './tools.ts';

/** Maximum number of attempts of one call; all have the same requestId. */
const ATTEMPTS_MAX = 3;
/** No further attempt begins after this time, unless another budget is passed, because a caller may be waiting. */
const BUDGET_MS = 12_000;

/**
 * Calls Compute Engine, and repeats the call after a lost response or a 5xx. Only for reads, and for mutations whose
 * requestId keeps a repeat from being applied twice. Throws CloudError.
 */
export async function askCompute<T>(
  call: () => Promise<T>,
  { nowMs, sleep }: Pick<Tools, 'nowMs' | 'sleep'>,
  budgetMs = BUDGET_MS,
): Promise<T> {
  const startedAtMs = nowMs();
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await call();
    } catch (thrown) {
      const error = toCloudError(thrown);
      const mayBeApplied = error.reason === 'lost' || error.reason === 'backend_error';
      if (!mayBeApplied || attempts === ATTEMPTS_MAX || nowMs() - startedAtMs > budgetMs) throw error;
      await sleep(150 * 3 ** (attempts - 1));
    }
  }
}
