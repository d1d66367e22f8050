import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { MissingProgram, runProgram } from '#scripts/deploy/programs.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');
const WORKING_DATA = join(ROOT, '.build', 'terraform', 'check');

/** In the order in which the steps depend on each other. */
const STEPS = [
  ['fmt', '-check', '-diff', '-recursive'],
  ['init', '-backend=false', '-input=false'],
  ['validate'],
  ['test'],
] as const;

new Command('check:terraform')
  .description('Formats, validates and tests infra/ with the real providers, which come from the Terraform registry.')
  .parse();

process.exitCode = await check();

async function check(): Promise<number> {
  for (const step of STEPS) {
    try {
      const { code } = await runProgram('terraform', ['-chdir=infra', ...step], {
        cwd: ROOT,
        environment: { ...process.env, TF_DATA_DIR: WORKING_DATA, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' },
        shown: true,
      });
      if (code !== 0) {
        console.error(`terraform ${step[0]} failed.`);
        return 1;
      }
    } catch (thrown) {
      if (!(thrown instanceof MissingProgram)) throw thrown;
      console.log('terraform is not installed: skipped');
      return 0;
    }
  }
  return 0;
}
