import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { catalogLine } from '#scripts/catalog/catalog-line.ts';
import type { CommandLine, Surroundings } from '#scripts/console/command-line.ts';
import type { World } from '#scripts/deploy/deploy-context.ts';
import { DeployLine } from '#scripts/deploy/deploy-line.ts';
import { recordLine } from '#scripts/deploy/record-line.ts';
import { platformLine } from '#scripts/platform/platform-line.ts';
import { recountLine } from '#scripts/recount/recount-line.ts';
import { aDeployment, cataloguePlan } from '#test/deploy/a-deployment.ts';
import { PROJECT } from '#test/support/compute-cloud.ts';
import { runLine } from '#test/support/run-line.ts';
import type { ScriptResult } from '#test/support/run-script.ts';

export interface RepairPlace {
  readonly environment: Readonly<Record<string, string>>;
  /** State folder of the local cloud. */
  readonly folder: string;
  /** What Terraform has made, or the local cloud: functions and indexes are what the repository says. */
  readonly onDeployed: () => Promise<void>;
}

const LINES: Readonly<Record<string, (surroundings?: Surroundings) => CommandLine>> = {
  accounts: accountsLine,
  catalog: catalogLine,
  platform: platformLine,
  recount: recountLine,
};

/** The last command that a text of a repair names; what stands in brackets explains it. */
export function commandIn(repair: string): string {
  return /npm run (?!.*npm run ).*$/.exec(repair.replaceAll(/ ?\([^)]*\)/g, ''))?.[0] ?? '';
}

/** Runs `npm run PROGRAM -- ARGUMENTS` in this process. */
export async function runRepair(command: string, place: RepairPlace): Promise<ScriptResult> {
  const [, program = '', rest = ''] = /^npm run (\w+)(?: -- (.*))?$/.exec(command) ?? [];
  const words = [...rest.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((found) => found.slice(1).join(''));
  if (program === 'deploy') return runDeploy(words, place);
  const make = LINES[program];
  if (make === undefined) throw new Error(`No command to paste: ${command}`);
  return runLine(make, words, place.environment);
}

/** The deploy command with programs that are fakes, but for the project's own script that writes the audit trail. */
async function runDeploy(words: readonly string[], place: RepairPlace): Promise<ScriptResult> {
  const { context, programs, root } = await aDeployment({ says: 'yes', answers: [cataloguePlan()] });
  mkdirSync(path.join(root, 'infra'), { recursive: true });
  writeFileSync(path.join(root, 'infra', 'catalog.json'), '{"tiers": {"free": {}}}');
  let stdout = '';
  let stderr = '';
  const world: World = {
    ...context.world,
    note: (line) => (stderr += `${line}\n`),
    run: async (name, args, options) => {
      const [script = '', ...given] = args;
      if (script === 'scripts/deploy/record-change.ts') {
        const local = given.includes('--local') ? [`--project=${PROJECT}`] : [];
        const done = await runLine(recordLine, [...given, ...local], place.environment);
        return { ...done, code: done.exitCode ?? 1 };
      }
      const done = await programs.run(name, args, options);
      if (name === 'terraform' && args.includes('apply')) await place.onDeployed();
      return done;
    },
    fetch: async (url, headers, body) => {
      if (!url.startsWith('http://127.0.0.1')) return context.world.fetch(url, headers);
      const response = await fetch(url, { headers, method: 'POST', body: body ?? '' });
      await place.onDeployed();
      return response;
    },
  };
  const local = words.includes('local') ? ['--state-dir', place.folder] : ['--state-bucket', 'state'];
  const line = new DeployLine(world, { stdout: (text) => (stdout += text), stderr: (text) => (stderr += text) });
  const exitCode = await line.run([...words.map((word) => (word === 'REGION' ? 'europe-west1' : word)), ...local]);
  return { exitCode, stdout, stderr };
}
