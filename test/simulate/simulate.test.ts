import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const HISTORIES = 100;

/** Runs the simulation's command with the Node of this process. */
async function simulate(
  ...args: readonly string[]
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const child = spawn(process.execPath, ['--max-semi-space-size=64', join(ROOT, 'test/simulate/index.ts'), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

test(`${HISTORIES} random histories of customers, faults, deaths and clocks leave every invariant true`, async () => {
  const seed = process.env['SEED'] ?? '1';

  const { exitCode, output } = await simulate('--seed', seed, '--histories', String(HISTORIES));

  expect(output).toContain('All well');
  expect(exitCode).toBe(0);
});

test('a platform that never sweeps fails, with a shortened history that can be replayed', async () => {
  const { exitCode, output } = await simulate('--seed', '1', '--histories', '20', '--no-sweeps');

  expect(exitCode).toBe(1);
  const again = /npm run simulate -- (--seed (\d+) --histories 1 --keep ([\d,]+)) --log/.exec(output);
  expect(again?.[3]?.split(',').length).toBeLessThan(8);
  const second = await simulate(...(again?.[1] ?? '').split(' '), '--no-sweeps', '--no-shrink');
  expect(second.exitCode).toBe(1);
  expect(findings(second.output)).toEqual(findings(output));
});

test('a history that does not end fails with its seed, is shortened, and the next one is still played', async () => {
  const { exitCode, output } = await simulate('--seed', '7', '--histories', '2', '--events', '300', '--keep-going');

  expect(exitCode).toBe(1);
  expect(output).toContain('E: the history does not end. It has not ended after 300 events.');
  expect(output).toMatch(/npm run simulate -- --seed 7 --histories 1 --keep [\d,]+ --log/);
  expect(output).toContain('2 FAILED (seeds 7, 8)');
});

test('the same seed plays the same history, down to every line that the functions log', async () => {
  const [once, again] = await Promise.all([
    simulate('--seed', '9', '--histories', '1', '--log', '--keep-going'),
    simulate('--seed', '9', '--histories', '1', '--log', '--keep-going'),
  ]);

  expect(logged(once.output).length).toBeGreaterThan(10);
  expect(logged(again.output)).toEqual(logged(once.output));
});

function findings(output: string): readonly string[] {
  return output.split('\n').filter((line) => /^ {2}[A-Z0-9]: /.test(line));
}

function logged(output: string): readonly string[] {
  return output.split('\n').filter((line) => line.startsWith('process-'));
}
