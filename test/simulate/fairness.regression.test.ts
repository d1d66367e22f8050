import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/* One customer's 80 power operations made another customer's stop take 22 s instead of 1.4. */
test.each([
  ['a push window that has grown', []],
  ['the push window of a new subscription', ['cold']],
])("80 stops of one customer do not delay another customer's, with %s", async (_, args) => {
  const command = ['--max-semi-space-size=64', join(ROOT, 'test/simulate/fairness.ts'), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT });

  const { instances, aloneMs, besideMs, allMs, failed } = JSON.parse(stdout) as Readonly<Record<string, number>>;

  expect({ instances, failed }).toEqual({ instances: 80, failed: 0 });
  expect(aloneMs).toBeGreaterThan(1_000);
  expect(besideMs).toBeLessThan(2_000);
  // The other customer's 80 operations were still running when the stop ended.
  expect(allMs).toBeGreaterThan(besideMs ?? 0);
});
