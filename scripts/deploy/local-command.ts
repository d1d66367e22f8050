import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PASSED_ON } from '#scripts/local/functions/function-environment.ts';
import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import type { World } from './deploy-context.ts';

export interface LocalDeployOptions {
  /** Where the local cloud keeps its state. */
  readonly stateDir: string;
}

interface Deployed {
  readonly functions: number;
  readonly indexes: number;
}

/**
 * Brings the local cloud that runs to what this repository says, as `apply` does to a project: builds the functions,
 * renews code that Node.js rejects, makes the indexes of Datastore, and starts all functions anew with the right clock
 * and the settings of this command's environment. Safe to repeat.
 */
export async function localCommand(world: World, { stateDir }: LocalDeployOptions): Promise<void> {
  const control = controlOf(stateDir);
  const former = builtRelease(world);
  for (const args of [['scripts/generate.ts'], ['scripts/build.ts', '--renew-caches']]) {
    const { code } = await world.run(world.node, args, {
      cwd: world.root,
      environment: world.environment,
      shown: true,
    });
    if (code !== 0) throw new DeployError(`${args[0] ?? ''} failed; what it wrote is above.`);
  }
  const settings = Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = world.environment[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const members = [
    `--before=${JSON.stringify({ release: former })}`,
    `--after=${JSON.stringify({ release: builtRelease(world), environment: settings })}`,
  ];
  const recorded = await world.run(
    world.node,
    [
      'scripts/deploy/record-change.ts',
      'deploy.local',
      '--object=deployment local',
      ...members,
      '--local',
      `--state-dir=${stateDir}`,
    ],
    { cwd: world.root, environment: world.environment },
  );
  if (recorded.code !== 0) throw new DeployError(`The change cannot be put on record: ${said(recorded)}`);
  const response = await world
    .fetch(`${control}/deploy`, { 'content-type': 'application/json' }, JSON.stringify({ environment: settings }))
    .catch((thrown: unknown) => {
      throw new DeployError(`The local cloud does not answer at ${control}: ${String(thrown)}`, ['npm start']);
    });
  const answer = (await response.json()) as Deployed & { readonly error?: string };
  if (!response.ok) throw new DeployError(answer.error ?? `The local cloud answered ${response.status}.`);
  world.note(`ok  ${answer.functions} functions started anew, ${answer.indexes} indexes ready`);
}

function controlOf(stateDir: string): string {
  const file = join(stateDir, 'connection.json');
  if (!existsSync(file)) throw new DeployError(`There is no local cloud: ${file} does not exist.`, ['npm start']);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly control: string }).control;
}

/** Digest of the sources of the last whole build; `null`: there is none. */
function builtRelease({ root }: World): string | null {
  const file = join(root, '.build', 'stamp');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().slice(0, 16) : null;
}
