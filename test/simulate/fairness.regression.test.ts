import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

type Figures = Readonly<Record<'instances' | 'aloneMs' | 'besideMs' | 'allMs' | 'failed', number>>;

/* One customer's 80 power operations made another customer's stop take 22 s instead of 1.4. */
test("80 stops of one customer do not delay another customer's, with a grown push window and with a new one", async () => {
  const command = ['--max-semi-space-size=64', join(ROOT, 'test/simulate/fairness.ts')];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT });

  const measured = JSON.parse(stdout) as Readonly<Record<'grown' | 'renewed', Figures>>;

  for (const [window, { instances, aloneMs, besideMs, allMs, failed }] of Object.entries(measured)) {
    expect({ instances, failed }, window).toEqual({ instances: 80, failed: 0 });
    expect(aloneMs, window).toBeGreaterThan(1_000);
    expect(besideMs, window).toBeLessThan(2_000);
    // The other customer's 80 operations were still running when the stop ended.
    expect(allMs, window).toBeGreaterThan(besideMs);
  }
});
