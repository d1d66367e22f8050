import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';

const ROOT = join(import.meta.dirname, '..');
const RESULTS = '.build/test-results.json';

interface Step {
  readonly name: string;
  /** Program of node_modules/.bin, or a script of ours; run by the Node that runs this. */
  readonly program: string;
  readonly arguments: readonly string[];
}

const STATIC: readonly Step[] = [
  { name: 'generated files are up to date', program: 'scripts/generate.ts', arguments: ['--check'] },
  { name: 'types', program: 'node_modules/typescript/bin/tsc', arguments: ['-p', 'tsconfig.json'] },
  { name: 'lint', program: 'node_modules/eslint/bin/eslint.js', arguments: ['.', '--max-warnings', '0'] },
  {
    name: 'format',
    program: 'node_modules/prettier/bin/prettier.cjs',
    arguments: ['--check', '--log-level', 'warn', '.'],
  },
];

const TESTS: Step = {
  name: 'tests',
  program: 'node_modules/vitest/vitest.mjs',
  arguments: [
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${RESULTS}`,
  ],
};

const { all } = new Command('npm test')
  .description('Checks generated files, types, lint and format; with --all (as npm test does) runs all tests as well.')
  .option('--all', 'run the tests too')
  .parse()
  .opts<{ all?: true }>();

/** Runs a step where its output can be seen. Resolves to whether it succeeded. */
async function run(step: Step): Promise<boolean> {
  const startedMs = performance.now();
  console.log(`\n▶ ${step.name}`);
  const child = spawn(process.execPath, [join(ROOT, step.program), ...step.arguments], { cwd: ROOT, stdio: 'inherit' });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
  console.log(`${code === 0 ? '✔' : '✘'} ${step.name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  return code === 0;
}

/** One plain line that says how the tests ended, for whoever reads only the end of a log. */
function closingLine(): string {
  const file = join(ROOT, RESULTS);
  if (!existsSync(file)) return '0 passed, 1 failed';
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(file, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
  };
  return `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`;
}

const failed: string[] = [];
for (const step of all === true ? [...STATIC, TESTS] : STATIC) {
  if (!(await run(step))) failed.push(step.name);
}
if (all === true) console.log(`\n${closingLine()}`);
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`);
  process.exitCode = 1;
}
