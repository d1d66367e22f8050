import { toCloudError } from '#shared/gce/cloud-error.ts';
import type { Tools } from './tools.ts';

/** Calls that got no clear answer are repeated this often in all, under the same requestId. */
const ATTEMPTS_MAX = 3;
/** No repeat is begun after this, unless another time is passed in: a caller is waiting. */
const BUDGET_MS = 12_000;

/**
 * Asks Compute Engine, and asks again after a lost answer or a 5xx. Only for reads, and for mutations whose requestId
 * makes a repeat the same request. Throws CloudError.
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
