import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';

const ROOT = join(import.meta.dirname, '..');
const RESULTS = '.build/test-results.json';

interface Step {
  readonly name: string;
  /** A program of node_modules/.bin or a script of the project, run by the current Node. */
  readonly program: string;
  readonly arguments: readonly string[];
}

/** Caches are kept below .build, so a fresh clone checks everything and later runs only what changed. */
const STATIC: readonly Step[] = [
  { name: 'generated files are up to date', program: 'scripts/generate.ts', arguments: ['--check'] },
  { name: 'types', program: 'node_modules/typescript/bin/tsc', arguments: ['-p', 'tsconfig.json'] },
  {
    name: 'lint',
    program: 'node_modules/eslint/bin/eslint.js',
    arguments: ['.', '--max-warnings', '0', ...cached('lint')],
  },
  {
    name: 'format',
    program: 'node_modules/prettier/bin/prettier.cjs',
    arguments: ['--check', '--log-level', 'warn', ...cached('format'), '.'],
  },
];

/** Finds exports and files without a use; uses other than imports are listed in package.json. */
const UNUSED: Step = { name: 'nothing unused', program: 'node_modules/knip/bin/knip.js', arguments: ['--no-progress'] };

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

/** Compared by content, because a fresh checkout gives the same files new times. */
function cached(name: string): readonly string[] {
  return ['--cache', '--cache-strategy', 'content', '--cache-location', `.build/cache/${name}`];
}

const { all } = new Command('npm test')
  .description(
    'Checks generated files, types, lint and format; with --all (as npm test does) also looks for what is unused and runs all tests.',
  )
  .option('--all', 'look for what is unused and run the tests too')
  .parse()
  .opts<{ all?: true }>();

/**
 * Runs a step and resolves to whether it succeeded. Parallel steps print their output when they end, so that it does
 * not mix; a step that runs alone prints as it goes.
 */
async function run(step: Step, output: 'as it comes' | 'at the end'): Promise<boolean> {
  const startedMs = performance.now();
  const alone = output === 'as it comes';
  if (alone) console.log(`\n▶ ${step.name}`);
  const child = spawn(process.execPath, [join(ROOT, step.program), ...step.arguments], {
    cwd: ROOT,
    stdio: alone ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  const written: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => written.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => written.push(chunk));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
  if (code !== 0) process.stdout.write(Buffer.concat(written));
  console.log(`${code === 0 ? '✔' : '✘'} ${step.name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  return code === 0;
}

/** Returns a plain last line about the tests' outcome, for readers of the end of a log. */
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
const runNoted = async (step: Step, output: Parameters<typeof run>[1]): Promise<void> => {
  if (!(await run(step, output))) failed.push(step.name);
};
const steps = all === true ? [...STATIC, UNUSED] : STATIC;
await Promise.all(steps.map((step) => runNoted(step, 'at the end')));
if (all === true) await runNoted(TESTS, 'as it comes');
if (all === true) console.log(`\n${closingLine()}`);
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`);
  process.exitCode = 1;
}
