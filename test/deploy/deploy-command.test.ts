import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { DeployLine } from '#scripts/deploy/deploy-line.ts';
import { aDeployment } from './a-deployment.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a script of the project in a process whose PATH contains no programs. */
function run(script: string, ...args: readonly string[]) {
  const path = mkdtempSync(join(tmpdir(), 'empty-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return spawnSync(process.execPath, [join(ROOT, 'scripts', script), ...args], {
    env: { PATH: path },
    cwd: ROOT,
    encoding: 'utf8',
  });
}

/** Runs the command line in this process, with fake programs. */
async function line(...args: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const { context } = await aDeployment();
  const output = { stdout: (text: string) => (stdout += text), stderr: (text: string) => (stderr += text) };
  const status = await new DeployLine(context.world, output).run(args);
  return { status, stdout, stderr };
}

it.each(['plan', 'apply', 'restore', 'verify', 'catalog', 'destroy'])(
  'deploy %s --help says what it takes',
  async (command) => {
    const { status, stdout } = await line(command, '--help');

    expect(status).toBe(0);
    for (const option of ['--project', '--region', '--env', '--state-bucket', '--database-id', '--var-file'])
      expect(stdout).toContain(option);
  },
);

it.each([
  [['apply', '--region', 'europe-west1'], /required option '--project <id>'/],
  [['apply', '--project', 'my-project'], /required option '--region <region>'/],
  [['plan', '--project', 'X!', '--region', 'europe-west1'], /must be a project id/],
  // Old project ids with a domain cannot be part of bucket and account names.
  [['plan', '--project', 'example.com:web', '--region', 'europe-west1'], /must be a project id of 6 to 30/],
  [
    ['plan', '--project', 'my-project', '--region', 'europe-west1', '--database-id', 'Restored'],
    /must be \(default\), or 4 to 63/,
  ],
  [['plan', '--project', 'my-project', '--region', 'europe'], /must be a region such as europe-west1/],
  [['plan', '--project', 'my-project', '--region', 'europe-west1', '--env', 'Staging'], /3 to 15 lower-case/],
  [
    ['destroy', '--project', 'my-project', '--region', 'europe-west1', '--confirm-instances', 'all'],
    /must be a number/,
  ],
])('deploy %s is refused with a sentence', async (args, message) => {
  const { status, stderr } = await line(...args);

  expect(status).toBe(1);
  expect(stderr).toMatch(message);
});

it('deploy exits with 1 and says what is missing, without a stack trace', () => {
  const { status, stderr } = run('deploy.ts', 'plan', '--project', 'my-project', '--region', 'europe-west1');

  expect(status).toBe(1);
  expect(stderr).toMatch(/^deploy: Terraform is not installed, or not on the PATH\.\n {2}Install it: https:/);
  expect(stderr).not.toContain('    at ');
});

it('check:terraform says that it was skipped where terraform is not installed', () => {
  const { status, stdout } = run('check-terraform.ts');

  expect(status).toBe(0);
  expect(stdout).toBe('terraform is not installed: skipped\n');
});
