import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';

/*
 * `npm run hostile -- --seed N --requests M` runs the security tests' hostile requests against a local cloud of their
 * own, with a chosen seed and number of requests.
 */

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It is a whole number from 1.');
  return value;
}

const { seed, requests } = new Command('hostile')
  .description('Sends hostile requests to a local cloud and judges every answer by the public OpenAPI document.')
  .option('--seed <number>', 'repeats a run', whole)
  .option('--requests <number>', 'how many', whole, 20_000)
  .parse()
  .opts<{ readonly seed?: number; readonly requests: number }>();

const repository = join(import.meta.dirname, '../..');
const vitest = join(repository, 'node_modules/vitest/vitest.mjs');
const config = ['--config', join(repository, 'test/vitest.config.ts')];
const child = spawn(process.execPath, [vitest, 'run', ...config, 'test/security/hostile-requests.test.ts'], {
  cwd: repository,
  env: { ...process.env, REQUESTS: String(requests), ...(seed === undefined ? {} : { SEED: String(seed) }) },
  stdio: 'inherit',
});
child.once('exit', (code) => (process.exitCode = code ?? 1));
